import { cannot, type Expectation, refuses, untestable } from './expectation.js';
import type { WrittenRow } from './written.js';

export const WRITER_NAMES = ['openssl cms', 'gpgsm', 'NSS cmsutil', 'certtool', 'BouncyCastle', 'M2Crypto', 'cryptography'] as const;
export type WriterName = (typeof WRITER_NAMES)[number];

/** What `open` says of the outermost layer; `weak` if it calls any algorithm so. */
export type Opens = 'valid' | 'valid, weak' | 'authenticated';

interface Row {
  readonly opens: Opens;
  /** Programs that do not write it. What the others write is opened, and tampered copies of it are refused. */
  readonly but?: Partial<Record<WriterName, Expectation<never>>>;
}

const pkcs1Only = cannot('These sign with RSA keys by PKCS#1 v1.5 only.');
const definiteOnly = cannot('These write definite lengths only.');
const onlySigns = cannot('certtool, and `cryptography` 38 of Debian 12, only sign.');
const nssChooses = cannot('cmsutil chooses the cipher, AES-128-CBC, by itself.');
const rsaPkcs1Transport = cannot('These encrypt to RSA keys by PKCS#1 v1.5 only.');
const noX25519 = cannot('Neither has X25519 for S/MIME.');
const ed25519InOpenssl = refuses(/no default digest/, 'OpenSSL 3.0 does not sign with Ed25519 in CMS.');
const ed25519InPkcs7 = refuses(/signing not supported for this key type/, 'OpenSSL’s PKCS#7 code, in M2Crypto, does not know Ed25519.');
const ed25519InPyca = refuses(/Only RSA & EC keys/, '`cryptography` signs with RSA and elliptic curve keys only.');
const ed25519Key = untestable('There is no way to give gpgsm 2.2 and NSS 3.87 an Ed25519 key.');
const gcmInGpgsm = refuses(/selected cipher algorithm is invalid/, 'gpgsm 2.2 has no authenticated ciphers.');
const authenticatedInM2 = refuses(/unknown cipher/, 'M2Crypto has no authenticated ciphers.');
const chachaInOpenssl = refuses(/unsupported content/, 'OpenSSL 3.0 does not write ChaCha20-Poly1305 in CMS.');
const chachaInBouncyCastle = refuses(
  /chacha20-poly1305 in the wrong kind of structure/,
  'BouncyCastle 1.72 puts ChaCha20-Poly1305 into EnvelopedData, against RFC 8103; sealdrop refuses that.',
);
const agreementInGpgsm = refuses(/Wrong key usage/, 'gpgsm 2.2 does not encrypt to certificates for key agreement.');
const agreementInNss = refuses(/SEC_ERROR_INVALID_ALGORITHM/, 'NSS 3.87 does not encrypt to elliptic curve keys.');
const agreementInM2 = refuses(
  /encryption not supported for this key type/,
  'OpenSSL’s PKCS#7 code, in M2Crypto, encrypts to RSA keys only.',
);
const x25519InOpenssl = refuses(/operation not supported for this keytype/, 'OpenSSL 3.0 does not write X25519 in CMS.');
const x25519InBouncyCastle = refuses(
  /Unknown key agreement algorithm/,
  'BouncyCastle 1.72 does not know the key agreement with HKDF of RFC 8418.',
);

const ENCRYPTS = { certtool: onlySigns, cryptography: onlySigns };
const OTHER_CIPHER = { ...ENCRYPTS, 'NSS cmsutil': nssChooses };
const AUTHENTICATED = { ...OTHER_CIPHER, gpgsm: gcmInGpgsm, M2Crypto: authenticatedInM2 };
const OAEP = { ...OTHER_CIPHER, gpgsm: rsaPkcs1Transport, M2Crypto: rsaPkcs1Transport };
const ECDH = { ...ENCRYPTS, gpgsm: agreementInGpgsm, 'NSS cmsutil': agreementInNss, M2Crypto: agreementInM2 };
const PSS = { gpgsm: pkcs1Only, 'NSS cmsutil': pkcs1Only, certtool: pkcs1Only, M2Crypto: pkcs1Only, cryptography: pkcs1Only };

export const EXPECTED_WRITING: Readonly<Record<WrittenRow, Row>> = {
  'RSA-2048 PKCS#1 v1.5, SHA-256': { opens: 'valid' },
  'RSA-2048 PKCS#1 v1.5, SHA-512': { opens: 'valid' },
  'RSA-2048 PKCS#1 v1.5, SHA-1': { opens: 'valid, weak' },
  'RSA-2048 PKCS#1 v1.5, SHA-256, detached': { opens: 'valid' },
  'RSA-2048 PKCS#1 v1.5, SHA-256, BER of indefinite lengths': {
    opens: 'valid',
    but: { certtool: definiteOnly, M2Crypto: definiteOnly, cryptography: definiteOnly },
  },
  'RSA-2048 RSASSA-PSS, SHA-256': { opens: 'valid', but: PSS },
  'RSA-2048 RSASSA-PSS, SHA-512': { opens: 'valid', but: PSS },
  'ECDSA P-256, SHA-256': { opens: 'valid' },
  'ECDSA P-384, SHA-384': { opens: 'valid' },
  'ECDSA P-521, SHA-512': { opens: 'valid' },
  'Ed25519, SHA-512': {
    opens: 'valid',
    but: {
      'openssl cms': ed25519InOpenssl,
      gpgsm: ed25519Key,
      'NSS cmsutil': ed25519Key,
      M2Crypto: ed25519InPkcs7,
      cryptography: ed25519InPyca,
    },
  },
  'AES-128-CBC, RSA PKCS#1 v1.5': { opens: 'valid', but: ENCRYPTS },
  'AES-192-CBC, RSA PKCS#1 v1.5': { opens: 'valid', but: OTHER_CIPHER },
  'AES-256-CBC, RSA PKCS#1 v1.5': { opens: 'valid', but: OTHER_CIPHER },
  'AES-128-CBC, RSA PKCS#1 v1.5, BER of indefinite lengths': { opens: 'valid', but: { ...ENCRYPTS, M2Crypto: definiteOnly } },
  '3DES-CBC, RSA PKCS#1 v1.5': { opens: 'valid, weak', but: OTHER_CIPHER },
  'AES-128-GCM, RSA PKCS#1 v1.5': { opens: 'authenticated', but: AUTHENTICATED },
  'AES-256-GCM, RSA PKCS#1 v1.5': { opens: 'authenticated', but: AUTHENTICATED },
  'ChaCha20-Poly1305, RSA PKCS#1 v1.5': {
    opens: 'authenticated',
    but: { ...AUTHENTICATED, 'openssl cms': chachaInOpenssl, BouncyCastle: chachaInBouncyCastle },
  },
  'AES-256-CBC, RSA-OAEP SHA-1': { opens: 'valid', but: OAEP },
  'AES-256-CBC, RSA-OAEP SHA-256': { opens: 'valid', but: OAEP },
  'AES-256-GCM, RSA-OAEP SHA-256': { opens: 'authenticated', but: AUTHENTICATED },
  'AES-256-CBC, ECDH P-256, KDF with SHA-1': { opens: 'valid', but: ECDH },
  'AES-256-CBC, ECDH P-256, KDF with SHA-256': { opens: 'valid', but: ECDH },
  'AES-256-CBC, ECDH P-384, KDF with SHA-384': { opens: 'valid', but: ECDH },
  'AES-256-CBC, ECDH P-521, KDF with SHA-512': { opens: 'valid', but: ECDH },
  'AES-256-GCM, ECDH P-256, KDF with SHA-256': { opens: 'authenticated', but: { ...ECDH, ...AUTHENTICATED } },
  'AES-256-CBC, X25519, HKDF with SHA-256': {
    opens: 'valid',
    but: { ...ECDH, gpgsm: noX25519, 'NSS cmsutil': noX25519, 'openssl cms': x25519InOpenssl, BouncyCastle: x25519InBouncyCastle },
  },
  'AES-256-CBC to RSA and P-256': { opens: 'valid', but: ECDH },
};
