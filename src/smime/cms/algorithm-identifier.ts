import { CONTENT_CIPHERS, type ContentCipher, DIGESTS, type DigestName, OID } from '../algorithms.js';
import { explicit, integer, nullValue, octetString, oid, sequence } from './der.js';

/** Length of the tag of GCM and ChaCha20-Poly1305. RFC 5084 §3.2 has 12 octets as DEFAULT, so 16 must be said; RFC 8103 §1.1 knows 16 only. */
export const TAG_BYTES = 16;

/** AlgorithmIdentifier; `parameters` absent when not given. */
export function algorithmIdentifier(dotted: string, parameters?: Buffer): Buffer {
  return parameters === undefined ? sequence(oid(dotted)) : sequence(oid(dotted), parameters);
}

/** RFC 5754 §2: SHA-2 with parameters absent. */
export const digestAlgorithm: Readonly<Record<DigestName, Buffer>> = {
  sha256: algorithmIdentifier(OID.sha256),
  sha384: algorithmIdentifier(OID.sha384),
  sha512: algorithmIdentifier(OID.sha512),
};

/** RSA with PKCS#1 v1.5 padding, both as signature (the digest stands in digestAlgorithm, RFC 5754 §3.2) and as key transport. */
export const rsaEncryption: Buffer = algorithmIdentifier(OID.rsaEncryption, nullValue());

/** RFC 5754 §3.3, RFC 5758 §3.2: parameters absent. */
export function ecdsaWith(digest: DigestName): Buffer {
  return algorithmIdentifier(DIGESTS[digest].ecdsaOid);
}

/** RFC 8419 §2: parameters absent. */
export const ed25519: Buffer = algorithmIdentifier(OID.ed25519);

/** RFC 4055 §3.1: hash and MGF1 hash named, their parameters NULL as its ASN.1 module has them; trailerField is the DEFAULT. */
export function rsassaPss(digest: DigestName, saltBytes: number): Buffer {
  const hash = algorithmIdentifier(DIGESTS[digest].oid, nullValue());
  const parameters = sequence(explicit(0, hash), explicit(1, algorithmIdentifier(OID.mgf1, hash)), explicit(2, integer(saltBytes)));
  return algorithmIdentifier(OID.rsassaPss, parameters);
}

/** RFC 4055 §4.1 with SHA-256 for the hash and for MGF1; pSourceFunc is the DEFAULT (empty label). */
export const rsaesOaep: Buffer = (() => {
  const hash = algorithmIdentifier(OID.sha256, nullValue());
  return algorithmIdentifier(OID.rsaesOaep, sequence(explicit(0, hash), explicit(1, algorithmIdentifier(OID.mgf1, hash))));
})();

/** RFC 3565: AES key wrap, parameters absent. */
export function aesKeyWrap(keyBytes: number): Buffer {
  if (keyBytes === 16) return algorithmIdentifier(OID.aes128Wrap);
  if (keyBytes === 24) return algorithmIdentifier(OID.aes192Wrap);
  return algorithmIdentifier(OID.aes256Wrap);
}

/**
 * RFC 3565: the IV is the parameter; RFC 5084 §3.2: GCMParameters; RFC 8103 §1.1: AEADChaCha20Poly1305Nonce. `initialisation` is the IV
 * or nonce.
 */
export function contentEncryptionAlgorithm(cipher: ContentCipher, initialisation: Buffer): Buffer {
  const octets = octetString(initialisation);
  const isGcm = cipher === 'aes-128-gcm' || cipher === 'aes-256-gcm';
  return algorithmIdentifier(CONTENT_CIPHERS[cipher].oid, isGcm ? sequence(octets, integer(TAG_BYTES)) : octets);
}
