import { constants, type KeyObject, sign } from 'node:crypto';
import { DIGESTS, type DigestName, type SignatureScheme } from '../algorithms.js';
import type { NistCurve } from '../key-limits.js';
import { digestAlgorithm, ecdsaWith, ed25519, rsaEncryption, rsassaPss } from './algorithm-identifier.js';

/** What a private key can do. A key restricted to RSASSA-PSS may fix its digest and the least salt (RFC 4055 §3.3: they bind). */
export type SigningKey =
  | { readonly kind: 'rsa' }
  | { readonly kind: 'rsa-pss'; readonly digest?: DigestName; readonly leastSaltBytes: number }
  | { readonly kind: 'ecdsa'; readonly curve: NistCurve }
  | { readonly kind: 'ed25519' };

/** How one signature is made: the digest that also hashes the content (RFC 8933), the identifiers, and the act itself. */
export interface SignatureMethod {
  readonly digest: DigestName;
  /** For the audit and for people, e.g. `rsa-pkcs1`, `ecdsa-p256`. */
  readonly name: string;
  readonly digestAlgorithm: Buffer;
  readonly signatureAlgorithm: Buffer;
  sign(bytes: Buffer, key: KeyObject): Buffer;
}

/**
 * The method for a key. `scheme` chooses the padding of an RSA key; other keys have one scheme only. Undefined when a key restricted to
 * RSASSA-PSS is asked for PKCS#1 v1.5.
 */
export function signatureMethod(key: SigningKey, digest: DigestName, scheme: SignatureScheme): SignatureMethod | undefined {
  switch (key.kind) {
    case 'rsa':
      return scheme === 'rsa-pss' ? pss(digest, 0) : pkcs1(digest);
    case 'rsa-pss':
      return scheme === 'rsa-pkcs1' ? undefined : pss(key.digest ?? digest, key.leastSaltBytes);
    case 'ecdsa':
      return ecdsa(digest, key.curve);
    case 'ed25519':
      // RFC 8419 §3: SHA-512 for the content whenever there are signed attributes, whatever was asked for.
      return {
        digest: 'sha512',
        name: 'ed25519',
        digestAlgorithm: digestAlgorithm.sha512,
        signatureAlgorithm: ed25519,
        sign: (bytes, privateKey) => sign(null, bytes, privateKey),
      };
  }
}

/**
 * The digest asked for, or the curve's own where that is longer: a digest shorter than the key wastes the key (FIPS 186-5), and
 * gpgsm refuses such a signature.
 */
function ecdsa(asked: DigestName, curve: NistCurve): SignatureMethod {
  const digest = DIGESTS[asked].lengthBytes < DIGESTS[CURVE_DIGEST[curve]].lengthBytes ? CURVE_DIGEST[curve] : asked;
  return {
    digest,
    name: `ecdsa-${curve}`,
    digestAlgorithm: digestAlgorithm[digest],
    signatureAlgorithm: ecdsaWith(digest),
    sign: (bytes, privateKey) => sign(digest, bytes, privateKey),
  };
}

const CURVE_DIGEST: Readonly<Record<NistCurve, DigestName>> = { p256: 'sha256', p384: 'sha384', p521: 'sha512' };

function pkcs1(digest: DigestName): SignatureMethod {
  return {
    digest,
    name: 'rsa-pkcs1',
    digestAlgorithm: digestAlgorithm[digest],
    signatureAlgorithm: rsaEncryption,
    sign: (bytes, key) => sign(digest, bytes, { key, padding: constants.RSA_PKCS1_PADDING }),
  };
}

/** Salt as long as the digest (RFC 4055 §3.1), or longer where the key says so; MGF1 over the same digest. */
function pss(digest: DigestName, leastSaltBytes: number): SignatureMethod {
  const saltLength = Math.max(DIGESTS[digest].lengthBytes, leastSaltBytes);
  return {
    digest,
    name: 'rsa-pss',
    digestAlgorithm: digestAlgorithm[digest],
    signatureAlgorithm: rsassaPss(digest, saltLength),
    sign: (bytes, key) => sign(digest, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  };
}
