import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { SealdropError } from '../errors.js';
import { readBer } from '../smime/cms/ber.js';
import { damaged, shellWord, unsupported } from './faults.js';
import { UnsupportedEncryption, WrongPassphrase } from './password-based.js';
import { derOf, type PemBlock } from './pem.js';
import { decryptEncryptedPrivateKeyInfo } from './pkcs12.js';

/** Whether a block holds a private key of any kind, readable here or not: such a file must be private. */
export function isPrivateKey(block: PemBlock): boolean {
  return block.label.endsWith('PRIVATE KEY');
}

export function isEncrypted(block: PemBlock): boolean {
  return block.label === 'ENCRYPTED PRIVATE KEY' || block.hasEncryptionHeader;
}

/**
 * Reads a private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017), SEC1 (RFC 5915), encrypted or not. `passphrase` is used only if encrypted.
 * `path` names the file in errors. Throws WrongPassphrase; SealdropError key-file-damaged, key-file-unsupported.
 */
export function readPrivateKey(block: PemBlock, passphrase: string, path: string): KeyObject {
  if (!READABLE_LABELS.has(block.label)) {
    throw unsupported(
      path,
      `a key of the kind "${block.label}" is not used in S/MIME`,
      `Put an RSA or elliptic curve key in PKCS#8 PEM into ${path}.`,
    );
  }
  try {
    return isEncrypted(block) ? createPrivateKey({ key: block.text, passphrase }) : createPrivateKey(block.text);
  } catch (error) {
    if (!isEncrypted(block)) throw damaged(path, 'the private key in it cannot be read', error);
    if (opensslCode(error) !== 'ERR_OSSL_EVP_UNSUPPORTED') throw new WrongPassphrase('it does not decrypt', { cause: error });
    return readOldEncryption(block, passphrase, path);
  }
}

/** A private key in PKCS#8 DER, as it comes out of PKCS#12. Throws SealdropError key-file-damaged. */
export function privateKeyFromPkcs8(der: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (error) {
    throw damaged(path, 'the private key in it cannot be read', error);
  }
}

/** PEM labels of the keys S/MIME uses (RFC 7468 §10 and §11, RFC 5915 §4, and OpenSSL's for PKCS#1). */
const READABLE_LABELS: ReadonlySet<string> = new Set(['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);

/** Ciphers OpenSSL 3 no longer loads, as old exports use them. */
function readOldEncryption(block: PemBlock, passphrase: string, path: string): KeyObject {
  if (block.hasEncryptionHeader) throw tooOld(path, 'the cipher its key is encrypted with is no longer supported');
  const info = derOf(block, path);
  try {
    return createPrivateKey({ key: decryptEncryptedPrivateKeyInfo(readBer(info), passphrase), format: 'der', type: 'pkcs8' });
  } catch (error) {
    if (error instanceof UnsupportedEncryption) throw tooOld(path, error.message, error);
    // Whatever a wrong passphrase decrypts to has good padding one time in 256, and is then no key.
    throw new WrongPassphrase('it does not decrypt', { cause: error });
  }
}

function tooOld(path: string, what: string, cause?: unknown): SealdropError {
  const cure = `Encrypt the key anew: openssl pkcs8 -topk8 -provider legacy -provider default -in ${shellWord(path)} -out NEWFILE`;
  return unsupported(path, what, cure, cause);
}

function opensslCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
