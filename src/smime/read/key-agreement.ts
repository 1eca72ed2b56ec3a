import { createDecipheriv, createHash, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';
import { OID } from '../algorithms.js';
import { encodedOf, readBer, TAG } from '../cms/ber.js';
import * as der from '../cms/der.js';
import { type AlgorithmIdentifier, algorithmIdentifier, sequence } from './asn1.js';

/** How the key-encryption key is made from the shared secret, and how it wraps. */
export interface KeyAgreement {
  readonly kdf: { readonly kind: 'x9.63' | 'hkdf'; readonly digest: string };
  readonly wrap: { readonly cipher: string; readonly keyBytes: number; readonly initial: Buffer | null; readonly label: string };
  /** The wrap's AlgorithmIdentifier as the sender wrote it: it is part of the derivation. */
  readonly wrapAlgorithm: Buffer;
}

/** The scheme a keyEncryptionAlgorithm names (RFC 5753 §7.1, RFC 8418 §2), or undefined when it is not known here. Throws BerError. */
export function keyAgreement(algorithm: AlgorithmIdentifier): KeyAgreement | undefined {
  const kdf = KDFS.get(algorithm.oid);
  if (kdf === undefined || algorithm.parameters === undefined) return undefined;
  const wrap = WRAPS.get(algorithmIdentifier(algorithm.parameters).oid);
  return wrap === undefined ? undefined : { kdf, wrap, wrapAlgorithm: encodedOf(algorithm.parameters) };
}

/**
 * Unwraps the content-encryption key with ephemeral-static ECDH, X25519 or X448. `originatorKey` is the public key's octets, on the curve of
 * `privateKey`. undefined on any fault: a point off the curve, a zero shared secret, a key wrap that does not check.
 */
export function unwrapAgreed(
  agreement: KeyAgreement,
  privateKey: KeyObject,
  originatorKey: Buffer,
  userKeyingMaterial: Buffer | undefined,
  encryptedKey: Buffer,
): Buffer | undefined {
  try {
    const publicKey = sameKindOfKey(privateKey, originatorKey);
    const secret = diffieHellman({ privateKey, publicKey });
    const wrappingKey = deriveKey(agreement, secret, userKeyingMaterial);
    const decipher = createDecipheriv(agreement.wrap.cipher, wrappingKey, agreement.wrap.initial);
    return Buffer.concat([decipher.update(encryptedKey), decipher.final()]);
  } catch {
    return undefined;
  }
}

const KDFS: ReadonlyMap<string, KeyAgreement['kdf']> = new Map<string, KeyAgreement['kdf']>([
  [OID.ecdhSha1Kdf, { kind: 'x9.63', digest: 'sha1' }],
  [OID.ecdhSha224Kdf, { kind: 'x9.63', digest: 'sha224' }],
  [OID.ecdhSha256Kdf, { kind: 'x9.63', digest: 'sha256' }],
  [OID.ecdhSha384Kdf, { kind: 'x9.63', digest: 'sha384' }],
  [OID.ecdhSha512Kdf, { kind: 'x9.63', digest: 'sha512' }],
  // All curves OpenSSL names for keys of certificates in use (NIST P, Brainpool) have cofactor 1: both kinds of ECDH are one.
  [OID.ecdhCofactorSha1Kdf, { kind: 'x9.63', digest: 'sha1' }],
  [OID.ecdhCofactorSha224Kdf, { kind: 'x9.63', digest: 'sha224' }],
  [OID.ecdhCofactorSha256Kdf, { kind: 'x9.63', digest: 'sha256' }],
  [OID.ecdhCofactorSha384Kdf, { kind: 'x9.63', digest: 'sha384' }],
  [OID.ecdhCofactorSha512Kdf, { kind: 'x9.63', digest: 'sha512' }],
  [OID.ecdhHkdfSha256, { kind: 'hkdf', digest: 'sha256' }],
  [OID.ecdhHkdfSha384, { kind: 'hkdf', digest: 'sha384' }],
  [OID.ecdhHkdfSha512, { kind: 'hkdf', digest: 'sha512' }],
]);

/** The initial value of AES key wrap (RFC 3394 §2.2.3.1); 3DES key wrap carries its own. */
const AES_INITIAL = Buffer.alloc(8, 0xa6);

const WRAPS: ReadonlyMap<string, KeyAgreement['wrap']> = new Map<string, KeyAgreement['wrap']>([
  [OID.aes128Wrap, { cipher: 'id-aes128-wrap', keyBytes: 16, initial: AES_INITIAL, label: 'aes-128-wrap' }],
  [OID.aes192Wrap, { cipher: 'id-aes192-wrap', keyBytes: 24, initial: AES_INITIAL, label: 'aes-192-wrap' }],
  [OID.aes256Wrap, { cipher: 'id-aes256-wrap', keyBytes: 32, initial: AES_INITIAL, label: 'aes-256-wrap' }],
  [OID.tripleDesWrap, { cipher: 'id-smime-alg-CMS3DESwrap', keyBytes: 24, initial: null, label: '3des-wrap (weak)' }],
]);

/** The originator's key under the algorithm and parameters of the recipient's own: OpenSSL then refuses points that are not on its curve. */
function sameKindOfKey(privateKey: KeyObject, keyOctets: Buffer): KeyObject {
  const own = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const algorithm = encodedOf(sequence(readBer(own), 'a SubjectPublicKeyInfo').next(TAG.sequence));
  return createPublicKey({ key: der.sequence(algorithm, der.bitString(keyOctets)), type: 'spki', format: 'der' });
}

function deriveKey({ kdf, wrap, wrapAlgorithm }: KeyAgreement, secret: Buffer, userKeyingMaterial: Buffer | undefined): Buffer {
  const info = sharedInfo(wrapAlgorithm, wrap.keyBytes, userKeyingMaterial);
  if (kdf.kind === 'x9.63') return x963(secret, info, wrap.keyBytes, kdf.digest);
  // RFC 8418 §2.2: the ukm, when there is one, is the salt as well as a part of the info.
  return Buffer.from(hkdfSync(kdf.digest, secret, userKeyingMaterial ?? Buffer.alloc(0), info, wrap.keyBytes));
}

/** ECC-CMS-SharedInfo (RFC 5753 §7.2), in DER; suppPubInfo is the wrapping key's length in bits. */
function sharedInfo(wrapAlgorithm: Buffer, keyBytes: number, userKeyingMaterial: Buffer | undefined): Buffer {
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE(keyBytes * 8);
  const entityUInfo = userKeyingMaterial === undefined ? [] : [der.explicit(0, der.octetString(userKeyingMaterial))];
  return der.sequence(wrapAlgorithm, ...entityUInfo, der.explicit(2, der.octetString(bits)));
}

/** The key derivation function of X9.63 (SEC 1 §3.6.1): digest(secret ‖ counter ‖ info), counter from 1; `length` octets. */
export function x963(secret: Buffer, info: Buffer, length: number, digest: string): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let size = 0, index = 1; size < length; index += 1) {
    counter.writeUInt32BE(index);
    const block = createHash(digest).update(secret).update(counter).update(info).digest();
    blocks.push(block);
    size += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}
