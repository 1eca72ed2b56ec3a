// @ts-check
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {'rsa-2048' | 'rsa-3072' | 'p-256'} KeyKind */

/**
 * Makes keys and certificates (`ADDRESS.pem`, `ADDRESS.crt` in `keys`) of the sender and the recipient, and the authority they are from
 * (`ca.crt` in `directory`), with openssl. The recipient's key is of the same kind, or RSA-2048 where the sender's is on a curve.
 * @param {string} directory
 * @param {string} keys
 * @param {KeyKind} kind
 */
export function issueKeys(directory, keys, kind) {
  const caKey = join(directory, 'ca-key.pem');
  const ca = join(directory, 'ca.crt');
  // RSA whatever the others are: node-forge would write a certificate that is signed by ECDSA otherwise than it read it.
  writeFileSync(caKey, newKey('rsa-2048'), { mode: 0o600 });
  openssl('req', '-new', '-x509', '-key', caKey, '-out', ca, '-days', '30', '-subj', '/CN=Benchmark CA');
  const issue = (/** @type {string} */ address, /** @type {KeyKind} */ keyKind) => {
    const [key, request, certificate] = [`${address}.pem`, `${address}.csr`, `${address}.crt`];
    writeFileSync(join(keys, key), newKey(keyKind), { mode: 0o600 });
    const extensions = [
      'basicConstraints=CA:FALSE',
      `keyUsage=critical,digitalSignature${keyKind === 'p-256' ? '' : ',keyEncipherment'}`,
      'extendedKeyUsage=emailProtection',
      `subjectAltName=email:${address}`,
    ].flatMap((each) => ['-addext', each]);
    openssl('req', '-new', '-key', join(keys, key), '-out', join(directory, request), '-subj', `/CN=${address}`, ...extensions);
    const issuer = ['-CA', ca, '-CAkey', caKey, '-days', '30', '-copy_extensions', 'copy'];
    openssl('x509', '-req', '-in', join(directory, request), '-out', join(keys, certificate), ...issuer);
    appendFileSync(join(keys, certificate), readFileSync(ca));
  };
  issue('steve@example.com', kind);
  issue('bob@example.net', kind === 'p-256' ? 'rsa-2048' : kind);
}

/** @param {KeyKind} kind */
function newKey(kind) {
  const { privateKey } =
    kind === 'p-256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: Number(kind.slice('rsa-'.length)) });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** @param {string[]} args */
function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
