import { constants, type KeyObject, verify } from 'node:crypto';
import { OID } from '../algorithms.js';
import { BerError, contextTag } from '../cms/ber.js';
import { type AlgorithmIdentifier, algorithmIdentifier, explicit, sequence, smallInteger } from './asn1.js';
import { digestName } from './digests.js';

/** How a signature value is checked. `digest` is undefined where the signature algorithm does not tell it (rsaEncryption). */
export interface SignatureScheme {
  readonly name: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa' | 'ed25519';
  readonly digest: string | undefined;
  /** RSASSA-PSS only, in octets. */
  readonly saltLength?: number;
}

/** The scheme a signatureAlgorithm names, or undefined when it is not one that is verified here. Throws BerError on bad parameters. */
export function signatureScheme(algorithm: AlgorithmIdentifier): SignatureScheme | undefined {
  if (algorithm.oid === OID.rsassaPss) return pssScheme(algorithm);
  return SCHEMES.get(algorithm.oid);
}

/** Whether `signature` over `data` is `key`'s. A key of another kind than the scheme's, or one OpenSSL refuses, makes it false. */
export function verifySignature(scheme: SignatureScheme, digest: string, key: KeyObject, data: Buffer, signature: Buffer): boolean {
  if (!KEY_TYPES[scheme.name].includes(key.asymmetricKeyType ?? '')) return false;
  try {
    if (scheme.name === 'ed25519') return verify(null, data, key, signature);
    if (scheme.name === 'ecdsa') return verify(digest, data, { key, dsaEncoding: 'der' }, signature);
    if (scheme.name === 'rsa-pkcs1') return verify(digest, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return verify(digest, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength ?? 20 }, signature);
  } catch {
    return false;
  }
}

const KEY_TYPES: Readonly<Record<SignatureScheme['name'], readonly string[]>> = {
  'rsa-pkcs1': ['rsa'],
  'rsa-pss': ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
};

const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  [OID.rsaEncryption, { name: 'rsa-pkcs1', digest: undefined }],
  [OID.md5WithRsa, { name: 'rsa-pkcs1', digest: 'md5' }],
  [OID.sha1WithRsa, { name: 'rsa-pkcs1', digest: 'sha1' }],
  [OID.sha224WithRsa, { name: 'rsa-pkcs1', digest: 'sha224' }],
  [OID.sha256WithRsa, { name: 'rsa-pkcs1', digest: 'sha256' }],
  [OID.sha384WithRsa, { name: 'rsa-pkcs1', digest: 'sha384' }],
  [OID.sha512WithRsa, { name: 'rsa-pkcs1', digest: 'sha512' }],
  [OID.ecdsaWithSha1, { name: 'ecdsa', digest: 'sha1' }],
  [OID.ecdsaWithSha224, { name: 'ecdsa', digest: 'sha224' }],
  [OID.ecdsaWithSha256, { name: 'ecdsa', digest: 'sha256' }],
  [OID.ecdsaWithSha384, { name: 'ecdsa', digest: 'sha384' }],
  [OID.ecdsaWithSha512, { name: 'ecdsa', digest: 'sha512' }],
  // Some programs put id-ecPublicKey here; the digest is then the SignerInfo's.
  [OID.ecPublicKey, { name: 'ecdsa', digest: undefined }],
  // RFC 8419 §3: the message digest that goes with it is SHA-512.
  [OID.ed25519, { name: 'ed25519', digest: 'sha512' }],
]);

/** RSASSA-PSS-params (RFC 4055 §3.1); every member has a default, and they are SHA-1's. */
function pssScheme(algorithm: AlgorithmIdentifier): SignatureScheme | undefined {
  if (algorithm.parameters === undefined) throw new BerError('RSASSA-PSS without parameters');
  const members = sequence(algorithm.parameters, 'RSASSA-PSS-params');
  const hash = members.optional(contextTag(0));
  const mask = members.optional(contextTag(1));
  const salt = members.optional(contextTag(2));
  const trailer = members.optional(contextTag(3));
  const digest = hash === undefined ? 'sha1' : digestName(algorithmIdentifier(explicit(hash, 'hashAlgorithm')).oid);
  const maskDigest = mask === undefined ? 'sha1' : mgf1Digest(algorithmIdentifier(explicit(mask, 'maskGenAlgorithm')));
  const saltLength = salt === undefined ? 20 : smallInteger(explicit(salt, 'saltLength'));
  if (trailer !== undefined && smallInteger(explicit(trailer, 'trailerField')) !== 1)
    throw new BerError('RSASSA-PSS with an unknown trailer');
  // node:crypto uses one digest for both; nobody is known to sign with two.
  if (digest === undefined || digest !== maskDigest) return undefined;
  return { name: 'rsa-pss', digest, saltLength };
}

/** The digest of MGF1 (RFC 8017 §B.2.1), or undefined for another mask generation function or an unknown digest. */
export function mgf1Digest(algorithm: AlgorithmIdentifier): string | undefined {
  if (algorithm.oid !== OID.mgf1 || algorithm.parameters === undefined) return undefined;
  return digestName(algorithmIdentifier(algorithm.parameters).oid);
}
