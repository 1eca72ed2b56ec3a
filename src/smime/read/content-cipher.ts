import { createDecipheriv } from 'node:crypto';
import { OID } from '../algorithms.js';
import { BerError } from '../cms/ber.js';
import { type AlgorithmIdentifier, octetString, sequence, smallInteger } from './asn1.js';
import type { Authentication } from './enveloped-data.js';

/** A content-encryption algorithm with its parameters. */
export interface ContentDecryption {
  /** As reports name it. */
  readonly label: string;
  readonly cipher: 'cbc' | 'gcm' | 'chacha20-poly1305';
  /** As OpenSSL names it. */
  readonly name: string;
  readonly keyBytes: number;
  readonly nonce: Buffer;
  /** Of the authenticating ciphers. */
  readonly tagBytes: number;
}

/** The cipher a contentEncryptionAlgorithm names; undefined when it is not known here. Throws BerError on bad parameters. */
export function contentDecryption(algorithm: AlgorithmIdentifier): ContentDecryption | undefined {
  const cipher = CIPHERS.get(algorithm.oid);
  if (cipher === undefined) return undefined;
  const { parameters } = algorithm;
  if (parameters === undefined) throw new BerError('the content-encryption algorithm lacks its parameters');
  if (cipher.cipher === 'gcm') {
    // GCMParameters (RFC 5084 §3.2): the tag is 12 octets long when its length is not given.
    const members = sequence(parameters, 'GCMParameters');
    const nonce = octetString(members.next());
    const length = members.maybe();
    const tagBytes = length === undefined ? 12 : smallInteger(length);
    if (nonce.length === 0 || nonce.length > 64 || tagBytes < 12 || tagBytes > 16) throw new BerError('GCMParameters are out of range');
    return { ...cipher, nonce, tagBytes };
  }
  const nonce = octetString(parameters);
  if (nonce.length !== cipher.nonceBytes) throw new BerError('an initialization vector has the wrong length');
  return { ...cipher, nonce, tagBytes: cipher.cipher === 'cbc' ? 0 : 16 };
}

/**
 * Decrypts in one pass into one buffer. undefined on any fault. An authenticating cipher's output is given back only after its tag was checked;
 * CBC's is merely what the key made of the octets.
 */
export function decryptContent(
  decryption: ContentDecryption,
  key: Buffer,
  ciphertext: Buffer,
  authentication?: Authentication,
): Buffer | undefined {
  if (key.length !== decryption.keyBytes) return undefined;
  try {
    return decryption.cipher === 'cbc'
      ? decryptCbc(decryption, key, ciphertext)
      : decryptAuthenticated(decryption, key, ciphertext, authentication);
  } catch {
    return undefined;
  }
}

interface Cipher {
  readonly label: string;
  readonly cipher: ContentDecryption['cipher'];
  readonly name: string;
  readonly keyBytes: number;
  readonly nonceBytes: number;
}

function aesCbc(bits: 128 | 192 | 256): Cipher {
  return { label: `aes-${bits}-cbc`, cipher: 'cbc', name: `aes-${bits}-cbc`, keyBytes: bits / 8, nonceBytes: 16 };
}

function aesGcm(bits: 128 | 192 | 256): Cipher {
  return { label: `aes-${bits}-gcm`, cipher: 'gcm', name: `aes-${bits}-gcm`, keyBytes: bits / 8, nonceBytes: 12 };
}

const CIPHERS: ReadonlyMap<string, Cipher> = new Map<string, Cipher>([
  [OID.aes128Cbc, aesCbc(128)],
  [OID.aes192Cbc, aesCbc(192)],
  [OID.aes256Cbc, aesCbc(256)],
  [OID.tripleDesCbc, { label: '3des-cbc (weak)', cipher: 'cbc', name: 'des-ede3-cbc', keyBytes: 24, nonceBytes: 8 }],
  [OID.aes128Gcm, aesGcm(128)],
  [OID.aes192Gcm, aesGcm(192)],
  [OID.aes256Gcm, aesGcm(256)],
  [
    OID.chacha20Poly1305,
    { label: 'chacha20-poly1305', cipher: 'chacha20-poly1305', name: 'chacha20-poly1305', keyBytes: 32, nonceBytes: 12 },
  ],
]);

/** The padding (RFC 5652 §6.3) is taken off here: OpenSSL's way would cost a second copy of the content. */
function decryptCbc({ name, nonce }: ContentDecryption, key: Buffer, ciphertext: Buffer): Buffer | undefined {
  const blockBytes = nonce.length;
  if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) return undefined;
  const decipher = createDecipheriv(name, key, nonce).setAutoPadding(false);
  const padded = decipher.update(ciphertext);
  decipher.final();
  const padBytes = padded[padded.length - 1] ?? 0;
  let fault = padBytes === 0 || padBytes > blockBytes ? 1 : 0;
  for (let index = 1; index <= blockBytes; index += 1) {
    const inPadding = ((index - padBytes - 1) >>> 31) & 1;
    fault |= -inPadding & ((padded[padded.length - index] ?? 0) ^ padBytes);
  }
  return fault === 0 ? padded.subarray(0, padded.length - padBytes) : undefined;
}

function decryptAuthenticated(
  decryption: ContentDecryption,
  key: Buffer,
  ciphertext: Buffer,
  authentication?: Authentication,
): Buffer | undefined {
  if (authentication?.tag.length !== decryption.tagBytes) return undefined;
  const { name, nonce, tagBytes: authTagLength } = decryption;
  // Two calls because the types of node:crypto know no other way to say which cipher it is.
  const decipher =
    decryption.cipher === 'gcm'
      ? createDecipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength })
      : createDecipheriv(name as 'chacha20-poly1305', key, nonce, { authTagLength });
  decipher.setAAD(authentication.additionalData, { plaintextLength: ciphertext.length });
  decipher.setAuthTag(authentication.tag);
  const content = decipher.update(ciphertext);
  decipher.final();
  return content;
}
