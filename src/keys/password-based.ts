import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import forge from 'node-forge';
import { OID } from '../smime/algorithms.js';
import { type BerElement, TAG } from '../smime/cms/ber.js';
import { type AlgorithmIdentifier, algorithmIdentifier, octetString, sequence, smallInteger } from '../smime/read/asn1.js';

/** The passphrase does not open it (or the bytes are damaged: from outside the two look alike). */
export class WrongPassphrase extends Error {}

/** Made with an algorithm that is not known here, or that takes too long on purpose. */
export class UnsupportedEncryption extends Error {}

/** A passphrase as PKCS#12 has it: some programs write the empty one as no bytes at all (`null`), others as a terminating zero. */
export type Pkcs12Passphrase = string | null;

/**
 * Decrypts what was encrypted under a passphrase: PBES2 (RFC 8018 §6.2) and the PKCS#12 schemes (RFC 7292 appendix C).
 * Throws WrongPassphrase, UnsupportedEncryption, BerError.
 */
export function decryptPasswordBased(algorithm: AlgorithmIdentifier, ciphertext: Buffer, passphrase: Pkcs12Passphrase): Buffer {
  if (algorithm.oid === PBES2) return decryptPbes2(algorithm, ciphertext, passphrase);
  const scheme = PKCS12_SCHEMES[algorithm.oid];
  if (scheme === undefined) throw new UnsupportedEncryption(`encryption algorithm ${algorithm.oid} is not supported`);
  return decryptPkcs12Scheme(scheme, algorithm, ciphertext, passphrase);
}

/**
 * PBKDF2 (RFC 8018 appendix A.2) with the parameters as they stand in the file; the key's length too, unless the caller knows it.
 * Throws UnsupportedEncryption, BerError.
 */
export function pbkdf2Key(algorithm: AlgorithmIdentifier, passphrase: Pkcs12Passphrase, knownLengthBytes?: number): Buffer {
  if (algorithm.oid !== PBKDF2) throw new UnsupportedEncryption(`key derivation ${algorithm.oid} is not supported`);
  const members = sequence(required(algorithm.parameters), 'PBKDF2-params');
  const salt = octetString(members.next(TAG.octetString));
  const iterations = boundedIterations(smallInteger(members.next(TAG.integer)), MAX_NATIVE_ITERATIONS);
  const keyLength = members.optional(TAG.integer);
  const lengthBytes = knownLengthBytes ?? (keyLength === undefined ? 0 : smallInteger(keyLength));
  if (lengthBytes < 1 || lengthBytes > MAX_KEY_BYTES)
    throw new UnsupportedEncryption(`a derived key of ${lengthBytes} bytes is not supported`);
  const prf = members.optional(TAG.sequence);
  const digest = prf === undefined ? 'sha1' : hmacDigest(algorithmIdentifier(prf).oid);
  return pbkdf2Sync(Buffer.from(passphrase ?? '', 'utf8'), salt, iterations, lengthBytes, digest);
}

/** The digest of an HMAC (RFC 8018 appendix B.1). Throws UnsupportedEncryption. */
export function hmacDigest(oid: string): string {
  const digest = HMAC_DIGESTS[oid];
  if (digest === undefined) throw new UnsupportedEncryption(`pseudo-random function ${oid} is not supported`);
  return digest;
}

/** What a derived key is for (RFC 7292 appendix B.3). */
export const PKCS12_PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** The key derivation of RFC 7292 appendix B. `digest` is sha1, sha256, sha384 or sha512. Throws UnsupportedEncryption. */
export function pkcs12Key(
  passphrase: Pkcs12Passphrase,
  parameters: { readonly salt: Buffer; readonly iterations: number },
  purpose: number,
  lengthBytes: number,
  digest: ForgeDigest = 'sha1',
): Buffer {
  const iterations = boundedIterations(parameters.iterations, MAX_FORGE_ITERATIONS);
  const salt = forge.util.createBuffer(parameters.salt.toString('latin1'));
  return bytesOf(forge.pkcs12.generateKey(passphrase, salt, purpose, iterations, lengthBytes, forge.md[digest].create()));
}

export type ForgeDigest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

/** A file that asks for more keeps the daemon busy for many seconds: it is not believed. The second bound is for derivation in JavaScript. */
const MAX_NATIVE_ITERATIONS = 10_000_000;
const MAX_FORGE_ITERATIONS = 1_000_000;

/** As long as the longest HMAC key that is used as it is, the block of SHA-512. */
const MAX_KEY_BYTES = 128;

const HMAC_DIGESTS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const PBES2_CIPHERS: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  [OID.aes128Cbc]: { name: 'aes-128-cbc', keyBytes: 16 },
  [OID.aes192Cbc]: { name: 'aes-192-cbc', keyBytes: 24 },
  [OID.aes256Cbc]: { name: 'aes-256-cbc', keyBytes: 32 },
  [OID.tripleDesCbc]: { name: 'des-ede3-cbc', keyBytes: 24 },
};

interface Pkcs12Scheme {
  readonly cipher: 'des-ede3-cbc' | 'rc2-cbc';
  readonly keyBytes: number;
}

const PKCS12_SCHEMES: Readonly<Record<string, Pkcs12Scheme>> = {
  '1.2.840.113549.1.12.1.3': { cipher: 'des-ede3-cbc', keyBytes: 24 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2-cbc', keyBytes: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2-cbc', keyBytes: 5 },
};

function decryptPbes2(algorithm: AlgorithmIdentifier, ciphertext: Buffer, passphrase: Pkcs12Passphrase): Buffer {
  const members = sequence(required(algorithm.parameters), 'PBES2-params');
  const derivation = algorithmIdentifier(members.next());
  const encryption = algorithmIdentifier(members.next());
  const cipher = PBES2_CIPHERS[encryption.oid];
  if (cipher === undefined) throw new UnsupportedEncryption(`encryption algorithm ${encryption.oid} is not supported`);
  const iv = octetString(required(encryption.parameters));
  return decryptCbc(cipher.name, pbkdf2Key(derivation, passphrase, cipher.keyBytes), iv, ciphertext);
}

function decryptPkcs12Scheme(
  scheme: Pkcs12Scheme,
  algorithm: AlgorithmIdentifier,
  ciphertext: Buffer,
  passphrase: Pkcs12Passphrase,
): Buffer {
  const members = sequence(required(algorithm.parameters), 'pkcs-12PbeParams');
  const parameters = { salt: octetString(members.next()), iterations: smallInteger(members.next()) };
  const key = pkcs12Key(passphrase, parameters, PKCS12_PURPOSE.key, scheme.keyBytes);
  const iv = pkcs12Key(passphrase, parameters, PKCS12_PURPOSE.iv, 8);
  return scheme.cipher === 'rc2-cbc' ? decryptRc2(key, iv, ciphertext) : decryptCbc(scheme.cipher, key, iv, ciphertext);
}

function decryptCbc(cipher: string, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new WrongPassphrase('it does not decrypt');
  }
}

/** RC2 (RFC 2268) is in no provider OpenSSL 3 loads by itself; node-forge has it. */
function decryptRc2(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const decipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  decipher.start(iv.toString('latin1'));
  decipher.update(forge.util.createBuffer(ciphertext.toString('latin1')));
  if (!decipher.finish()) throw new WrongPassphrase('it does not decrypt');
  return bytesOf(decipher.output);
}

function boundedIterations(iterations: number, limit: number): number {
  if (iterations < 1 || iterations > limit)
    throw new UnsupportedEncryption(`an iteration count of ${iterations} is not supported (limit ${limit})`);
  return iterations;
}

function required(parameters: BerElement | undefined): BerElement {
  if (parameters === undefined) throw new UnsupportedEncryption('its encryption parameters are missing');
  return parameters;
}

function bytesOf(buffer: forge.util.ByteBuffer): Buffer {
  return Buffer.from(buffer.getBytes(), 'latin1');
}
