import type { KeyObject } from 'node:crypto';
import type { SealdropError } from '../errors.js';
import { type CertificateFacts, parseCertificate } from './certificate.js';
import { certificatesIn, requireContent } from './certificate-file.js';
import { damaged, keyFault, shellWord, unsupported } from './faults.js';
import { type KeyFile, readKeyFile } from './key-file.js';
import { describePlaces, findPassphrase, type Passphrase, type PassphrasePlaces } from './passphrase.js';
import { UnsupportedEncryption, WrongPassphrase } from './password-based.js';
import { looksLikePem, type PemBlock, pemBlocks } from './pem.js';
import { requireNotWorldWritable, requirePrivate } from './permissions.js';
import { openPkcs12, type Pkcs12Contents } from './pkcs12.js';
import { isEncrypted, isPrivateKey, privateKeyFromPkcs8, readPrivateKey } from './private-key.js';

/** What a `.p12`, `.pfx` or `.pem` file holds, in its order; either list may be empty. */
export interface KeyMaterial {
  readonly privateKeys: readonly KeyObject[];
  readonly certificates: readonly CertificateFacts[];
}

/**
 * Reads the file an identity is kept in. What the file is, is seen from its contents.
 * Throws key-permissions, key-owner, missing-passphrase, wrong-passphrase, key-file-damaged, key-file-unsupported, unusable-certificate, and
 * what readKeyFile and findPassphrase throw.
 */
export function readKeyMaterial(path: string, places: PassphrasePlaces): KeyMaterial {
  const file = readKeyFile(path);
  if (looksLikePem(file.bytes)) return fromPem(file, places);
  requirePrivate(file, places.uid);
  requireContent(file.bytes, path);
  return fromPkcs12(file, places);
}

function fromPem(file: KeyFile, places: PassphrasePlaces): KeyMaterial {
  const { path } = file;
  // Asked of the text and not of the blocks: a damaged file still shows its key.
  if (file.bytes.includes('PRIVATE KEY-----')) requirePrivate(file, places.uid);
  else requireNotWorldWritable(file);
  const blocks = pemBlocks(file.bytes, path);
  const certificates = certificatesIn(blocks, path);
  const keyBlocks = blocks.filter(isPrivateKey);
  const privateKeys = keyBlocks.map((block) => readKeyBlock(block, path, places));
  if (privateKeys.length === 0 && certificates.length === 0) throw damaged(path, 'there is neither a private key nor a certificate in it');
  return { privateKeys, certificates };
}

function readKeyBlock(block: PemBlock, path: string, places: PassphrasePlaces): KeyObject {
  const passphrase = isEncrypted(block) ? findPassphrase(places) : undefined;
  if (isEncrypted(block) && passphrase === undefined) throw missingPassphrase(path, places);
  try {
    return readPrivateKey(block, passphrase?.text ?? '', path);
  } catch (error) {
    if (error instanceof WrongPassphrase && passphrase !== undefined) throw wrongPassphrase(path, passphrase, error);
    throw error;
  }
}

function fromPkcs12(file: KeyFile, places: PassphrasePlaces): KeyMaterial {
  const contents = openContainer(file, places);
  return {
    privateKeys: contents.privateKeys.map((der) => privateKeyFromPkcs8(der, file.path)),
    certificates: contents.certificates.map((der) => parseCertificate(der, file.path)),
  };
}

function openContainer({ path, bytes }: KeyFile, places: PassphrasePlaces): Pkcs12Contents {
  const passphrase = findPassphrase(places);
  try {
    // Some programs export with an empty passphrase, which needs no file of its own.
    return openPkcs12(bytes, passphrase?.text ?? '');
  } catch (error) {
    if (error instanceof WrongPassphrase)
      throw passphrase === undefined ? missingPassphrase(path, places) : wrongPassphrase(path, passphrase, error);
    if (error instanceof UnsupportedEncryption) throw unsupported(path, error.message, rewriteCure(path), error);
    throw damaged(path, 'it is neither PEM nor a complete PKCS#12 file', error);
  }
}

function rewriteCure(path: string): string {
  return `Write the file anew: openssl pkcs12 -legacy -in ${shellWord(path)} -nodes | openssl pkcs12 -export -out NEWFILE`;
}

function missingPassphrase(path: string, places: PassphrasePlaces): SealdropError {
  return keyFault(
    'missing-passphrase',
    `${path} is encrypted and no passphrase for it was found (looked for: ${describePlaces(places)})`,
    `Put the passphrase as one line into ${places.expectedPassFile} and run: chmod 600 ${shellWord(places.expectedPassFile)}`,
  );
}

function wrongPassphrase(path: string, passphrase: Passphrase, cause: unknown): SealdropError {
  return keyFault(
    'wrong-passphrase',
    `${path} does not open with the passphrase from ${passphrase.from}`,
    `Correct the passphrase there; if it is right, ${path} is damaged.`,
    cause,
  );
}
