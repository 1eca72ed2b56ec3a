import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pkcs12 } from '../key-files.js';
import { makeTemp, removeTemp } from '../temp.js';
import { type Gpgsm, importEcKey } from './gpgsm-ec-key.js';
import { unwrap } from './mime-wrapper.js';
import { runTool, type ToolResult } from './run-tool.js';
import { accepted, inParallel, refused, type Verdict, type Verifier, type VerifierKeys } from './verifier.js';

/** GnuPG's gpgsm with a home of its own. X25519 keys are not given to it: there is no way to. */
export async function gpgsmVerifier(keys: VerifierKeys): Promise<Verifier> {
  const home = makeTemp('gpgsm');
  const gpgsm: Gpgsm = (args, input) =>
    runTool('gpgsm', ['--homedir', home, '--batch', '--status-fd', '2', ...args], input === undefined ? {} : { input });
  await importKeys(home, keys, gpgsm);

  const open = async (message: Buffer): Promise<Verdict> => {
    let entity = message;
    const outer = unwrap(message);
    if (outer.kind === 'cms' && !isSignedData(outer.der)) {
      const decrypted = await gpgsm(['--decrypt'], outer.der);
      if (decrypted.status !== 0 || !decrypted.stderr.includes('[GNUPG:] DECRYPTION_OKAY')) return refused(decrypted.stderr);
      entity = decrypted.stdout;
    }
    const signed = unwrap(entity);
    if (signed.kind === 'none') return refused('the message is not signed', entity);
    if (signed.kind === 'cms') {
      const verified = await gpgsm(['--output', '-', '--verify'], signed.der);
      return verdict(verified, verified.stdout);
    }
    const directory = await mkdtemp(join(home, 'message-'));
    try {
      const signatureFile = join(directory, 'signature.der');
      const contentFile = join(directory, 'content');
      await Promise.all([writeFile(signatureFile, signed.der), writeFile(contentFile, signed.content)]);
      return verdict(await gpgsm(['--verify', signatureFile, contentFile]), signed.content);
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  const close = async () => {
    await runTool('gpgconf', ['--homedir', home, '--kill', 'all']);
    removeTemp(home);
  };
  return { name: 'gpgsm', open, openAll: (messages) => inParallel(messages, open), close };
}

/** gpgsm tells a good signature and a trusted chain apart; both are wanted, for every SignerInfo. */
function verdict(result: ToolResult, entity: Buffer): Verdict {
  const count = (keyword: string) => result.stderr.split(`[GNUPG:] ${keyword}`).length - 1;
  const signers = count('NEWSIG');
  const good = signers > 0 && count('GOODSIG ') === signers && count('TRUST_FULLY ') === signers;
  return result.status === 0 && good ? accepted(entity) : refused(result.stderr, entity);
}

async function importKeys(home: string, keys: VerifierKeys, gpgsm: Gpgsm): Promise<void> {
  writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-dirmngr\n');
  const fingerprint = createHash('sha1').update(keys.root.certificate).digest('hex').toUpperCase();
  writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`);
  const root = await gpgsm(['--import'], Buffer.from(keys.root.certificatePem));
  if (root.status !== 0) throw new Error(`gpgsm could not import: ${root.stderr}`);
  for (const recipient of keys.recipients) {
    const kind = new X509Certificate(recipient.certificate).publicKey.asymmetricKeyType;
    if (kind === 'ec') await importEcKey(home, recipient, gpgsm);
    if (kind !== 'rsa') continue;
    // The empty passphrase leaves the key unprotected in this throwaway home: deriving a key from one costs 0.4 s per message.
    const args = ['--pinentry-mode', 'loopback', '--passphrase-fd', '0', '--import'];
    const file = join(home, `${recipient.address}.p12`);
    // gpgsm 2.2 cannot read about one in sixty of these files, whatever is wrong with its salt; another salt is another file.
    let result: ToolResult | undefined;
    for (let attempt = 0; attempt < 3 && result?.status !== 0; attempt++) {
      writeFileSync(file, pkcs12(recipient, { legacy: true }), { mode: 0o600 });
      result = await gpgsm([...args, file], Buffer.from('\n'));
    }
    if (result?.status !== 0) throw new Error(`gpgsm could not import: ${result?.stderr}`);
  }
}

/** By the content type's OID, 1.2.840.113549.1.7.2, which stands right after the outer SEQUENCE's head. */
function isSignedData(der: Buffer): boolean {
  return der.subarray(0, 24).includes(Buffer.from('06092a864886f70d010702', 'hex'));
}
