/** The algorithms by the names used in configuration, audit and messages for people, and every object identifier read or written. */

export type DigestName = 'sha256' | 'sha384' | 'sha512';
export type ContentCipher = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
export type KeyTransport = 'rsa-pkcs1' | 'rsa-oaep';
/** `auto` goes by the key: an RSA key signs PKCS#1 v1.5, a key restricted to RSASSA-PSS signs PSS, an EC key ECDSA, Ed25519 itself. */
export type SignatureScheme = 'auto' | 'rsa-pkcs1' | 'rsa-pss';

/** Object identifiers in dotted form, grouped by what they name. What is only ever read is marked so. */
export const OID = {
  // Content types: RFC 5652 §4–§8, RFC 5083, RFC 3274
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  digestedData: '1.2.840.113549.1.7.5', // read
  encryptedData: '1.2.840.113549.1.7.6', // read
  authenticatedData: '1.2.840.113549.1.9.16.1.2', // read
  compressedData: '1.2.840.113549.1.9.16.1.9', // read
  authEnvelopedData: '1.2.840.113549.1.9.16.1.23',
  tstInfo: '1.2.840.113549.1.9.16.1.4', // read; RFC 3161

  // Attributes: RFC 5652 §11, RFC 8551 §2.5, RFC 2634, RFC 5035, RFC 6211
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  counterSignature: '1.2.840.113549.1.9.6', // read
  smimeCapabilities: '1.2.840.113549.1.9.15',
  encryptionKeyPreference: '1.2.840.113549.1.9.16.2.11',
  signingCertificate: '1.2.840.113549.1.9.16.2.12', // read
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  cmsAlgorithmProtection: '1.2.840.113549.1.9.52', // read

  // Digests: RFC 5754; MD5 and SHA-1 are named on reading and called weak
  md5: '1.2.840.113549.2.5', // read
  sha1: '1.3.14.3.2.26', // read
  sha224: '2.16.840.1.101.3.4.2.4', // read
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',

  // RSA: RFC 8017, RFC 4055, RFC 5754
  rsaEncryption: '1.2.840.113549.1.1.1',
  md5WithRsa: '1.2.840.113549.1.1.4', // read
  sha1WithRsa: '1.2.840.113549.1.1.5', // read
  rsaesOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  pSpecified: '1.2.840.113549.1.1.9', // read
  rsassaPss: '1.2.840.113549.1.1.10',
  sha256WithRsa: '1.2.840.113549.1.1.11', // read
  sha384WithRsa: '1.2.840.113549.1.1.12', // read
  sha512WithRsa: '1.2.840.113549.1.1.13', // read
  sha224WithRsa: '1.2.840.113549.1.1.14', // read

  // Elliptic curves: RFC 5480, RFC 5754 §3.3, RFC 8410
  ecPublicKey: '1.2.840.10045.2.1',
  ecdsaWithSha1: '1.2.840.10045.4.1', // read
  ecdsaWithSha224: '1.2.840.10045.4.3.1', // read
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  p521: '1.3.132.0.35',
  x25519: '1.3.101.110',
  ed25519: '1.3.101.112',

  // Key agreement: RFC 5753 §7.1, RFC 8418 §2.2. The sha1 and cofactor schemes are read only
  ecdhSha1Kdf: '1.3.133.16.840.63.0.2', // read
  ecdhSha224Kdf: '1.3.132.1.11.0', // read
  ecdhSha256Kdf: '1.3.132.1.11.1',
  ecdhSha384Kdf: '1.3.132.1.11.2',
  ecdhSha512Kdf: '1.3.132.1.11.3',
  ecdhCofactorSha1Kdf: '1.3.133.16.840.63.0.3', // read
  ecdhCofactorSha224Kdf: '1.3.132.1.14.0', // read
  ecdhCofactorSha256Kdf: '1.3.132.1.14.1', // read
  ecdhCofactorSha384Kdf: '1.3.132.1.14.2', // read
  ecdhCofactorSha512Kdf: '1.3.132.1.14.3', // read
  ecdhHkdfSha256: '1.2.840.113549.1.9.16.3.19',
  ecdhHkdfSha384: '1.2.840.113549.1.9.16.3.20', // read
  ecdhHkdfSha512: '1.2.840.113549.1.9.16.3.21', // read

  // Key wrap: RFC 3565, RFC 3370
  aes128Wrap: '2.16.840.1.101.3.4.1.5',
  aes192Wrap: '2.16.840.1.101.3.4.1.25',
  aes256Wrap: '2.16.840.1.101.3.4.1.45',
  tripleDesWrap: '1.2.840.113549.1.9.16.3.6', // read

  // Content encryption: RFC 3565, RFC 5084, RFC 8103, RFC 3370
  aes128Cbc: '2.16.840.1.101.3.4.1.2',
  aes192Cbc: '2.16.840.1.101.3.4.1.22',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  aes128Gcm: '2.16.840.1.101.3.4.1.6',
  aes192Gcm: '2.16.840.1.101.3.4.1.26', // read
  aes256Gcm: '2.16.840.1.101.3.4.1.46',
  chacha20Poly1305: '1.2.840.113549.1.9.16.3.18',
  tripleDesCbc: '1.2.840.113549.3.7', // read
  rc2Cbc: '1.2.840.113549.3.2', // read

  // Compression: RFC 3274
  zlibCompress: '1.2.840.113549.1.9.16.3.8', // read
} as const;

/** The digest's length, its identifier, and its spelling in `micalg` (RFC 8551 §3.5.3.2). */
export const DIGESTS = {
  sha256: { oid: OID.sha256, lengthBytes: 32, micalg: 'sha-256', ecdsaOid: OID.ecdsaWithSha256 },
  sha384: { oid: OID.sha384, lengthBytes: 48, micalg: 'sha-384', ecdsaOid: OID.ecdsaWithSha384 },
  sha512: { oid: OID.sha512, lengthBytes: 64, micalg: 'sha-512', ecdsaOid: OID.ecdsaWithSha512 },
} as const satisfies Record<DigestName, unknown>;

/** The content ciphers: identifier, key length, and whether they authenticate (AuthEnvelopedData) or not (EnvelopedData). */
export const CONTENT_CIPHERS = {
  'aes-128-cbc': { oid: OID.aes128Cbc, keyBytes: 16, authenticated: false },
  'aes-192-cbc': { oid: OID.aes192Cbc, keyBytes: 24, authenticated: false },
  'aes-256-cbc': { oid: OID.aes256Cbc, keyBytes: 32, authenticated: false },
  'aes-128-gcm': { oid: OID.aes128Gcm, keyBytes: 16, authenticated: true },
  'aes-256-gcm': { oid: OID.aes256Gcm, keyBytes: 32, authenticated: true },
  'chacha20-poly1305': { oid: OID.chacha20Poly1305, keyBytes: 32, authenticated: true },
} as const satisfies Record<ContentCipher, unknown>;
