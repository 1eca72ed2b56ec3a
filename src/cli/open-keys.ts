import { statSync } from 'node:fs';
import { errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { readCertificateFile } from '../keys/certificate-file.js';
import { filesBeside } from '../keys/files-beside.js';
import { keyMismatch, readIdentityFiles, withoutCertificate } from '../keys/key-pairs.js';
import type { OpenKeys } from '../smime/open.js';

/**
 * The private keys of a PEM or PKCS#12 file with their certificates, which may also stand beside it: `<name>.crt` or `<name>.cer` for
 * `<name>.pem`. A passphrase comes from `<name>.pass`, `<file>.pass`, SEALDROP_PASSPHRASE_<NAME> or SEALDROP_PASSPHRASE.
 * Throws SealdropError: key-file-unreadable, key-permissions, missing-passphrase, wrong-passphrase, key-mismatch, …
 */
export function keysIn(path: string): OpenKeys['decryption'] {
  const files = filesBeside(path);
  // Whose file it is does not matter to the person opening a message; that others can read a private key does.
  const world = { environment: process.env, credentialsDirectory: undefined, uid: ownerOf(path) };
  const { pairs, privateKeys, certificates } = readIdentityFiles(path, files, world);
  if (pairs.length > 0) return pairs.map(({ facts, privateKey }) => ({ certificate: facts.der, privateKey }));
  if (privateKeys.length === 0) throw noPrivateKey(path);
  const [other] = certificates;
  throw other === undefined ? withoutCertificate(path, files) : keyMismatch(path, other);
}

/** Every certificate of a PEM or DER file, to be trusted as an authority. */
export function anchorsIn(path: string): Buffer[] {
  return readCertificateFile(path).map(({ der }) => der);
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw notThere(path);
    return undefined; // What is wrong is said when the file is read.
  }
}

function notThere(path: string): SealdropError {
  return new SealdropError('key-file-unreadable', `${path} is not there`, {
    disposition: 'quarantine',
    cure: 'Name a file with --key that exists.',
  });
}

function noPrivateKey(path: string): SealdropError {
  return new SealdropError('missing-private-key', `there is no private key in ${path}`, {
    disposition: 'quarantine',
    cure: 'Name the file of the private key with --key; certificates to trust go with --ca.',
  });
}
