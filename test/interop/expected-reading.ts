import { cannot, type Expectation, refuses, untestable } from './expectation.js';
import type { SealedRow } from './sealed.js';

export const READER_NAMES = [
  'openssl cms',
  'openssl smime',
  'gpgsm',
  'NSS cmsutil',
  'certtool',
  'BouncyCastle',
  'M2Crypto',
  'sealdrop',
] as const;
export type ReaderName = (typeof READER_NAMES)[number];

// What it finds wrong first depends on the octets of the signature.
const pssInPkcs7 = refuses(
  /signature failure|padding|block type/,
  'OpenSSL’s older PKCS#7 code, also used by M2Crypto, takes every RSA signature for PKCS#1 v1.5.',
);
const pssOfGnutls = refuses(/verification has failed/, 'GnuTLS takes every RSASSA-PSS signature for one with SHA-256.');
const curveOfGpgsm = refuses(
  /hash length to be a multiple of 8 bits/,
  'gpgsm 2.2 refuses keys whose size in bits is not a multiple of 8: P-521, Ed25519.',
);
const ed25519InOpenssl = refuses(/invalid digest/, 'OpenSSL 3.0 does not verify Ed25519 in CMS.');
const ed25519InPkcs7 = refuses(/signature failure|not supported for this keytype/, 'OpenSSL’s PKCS#7 code does not know Ed25519.');
const ed25519InNss = refuses(/ProcessingError/, 'NSS 3.87 does not verify Ed25519 in CMS.');
const authEnvelopedInPkcs7 = refuses(/wrong content type/, 'PKCS#7 has no AuthEnvelopedData, in which authenticated ciphers are wrapped.');
const gcmInGpgsm = refuses(/Buffer too short/, 'gpgsm 2.2 does not read AuthEnvelopedData.');
const authEnvelopedInNss = refuses(/SEC_ERROR_UNRECOGNIZED_OID/, 'NSS 3.87 does not read AuthEnvelopedData.');
const chachaInOpenssl = refuses(/unknown cipher/, 'OpenSSL 3.0 does not read ChaCha20-Poly1305 in CMS.');
const chachaInGpgsm = refuses(/unsupported algorithm/, 'gpgsm 2.2 does not know ChaCha20-Poly1305.');
// It goes on with a random key, as a defence against Bleichenbacher's attack: once in a while the padding looks good by chance.
const oaepInPkcs7 = refuses(/bad decrypt|decrypt error|no content type/, 'OpenSSL’s PKCS#7 code does not read RSA-OAEP.');
const oaepInGpgsm = refuses(/error getting encrypted session key/, 'gpgsm 2.2 does not read RSA-OAEP.');
const oaepInNss = refuses(/SEC_ERROR_UNSUPPORTED_KEYALG/, 'NSS 3.87 does not read RSA-OAEP.');
const agreementInPkcs7 = refuses(
  /asn1|wrong tag|wrong content type/,
  'PKCS#7 has no key agreement: a message that also goes to such a key is not read with another key either.',
);
const ecdhInGpgsm = refuses(/Invalid session key/, 'gpgsm 2.2 has the elliptic curve key, but does not decrypt with it.');
const agreementInNss = refuses(
  /SEC_ERROR_BAD_DER/,
  'NSS 3.87 reads no message with a key agreement in it, not even with an RSA key to which it goes as well.',
);
const x25519InOpenssl = refuses(/Error decrypting CMS using private key/, 'OpenSSL 3.0 does not read X25519 in CMS.');
const x25519InBouncyCastle = refuses(/originator key invalid/, 'BouncyCastle 1.72 does not know the key agreement with HKDF of RFC 8418.');
const x25519InGpgsm = untestable('There is no way to give gpgsm 2.2 an X25519 key.');
const certtoolOnlySigns = cannot('certtool only signs and verifies.');

const gcmToCurve = { 'openssl smime': authEnvelopedInPkcs7, gpgsm: gcmInGpgsm, 'NSS cmsutil': authEnvelopedInNss };

/** A program that is not named in a row reads it, and refuses every tampered copy of it. */
export const EXPECTED_READING: Readonly<Record<SealedRow, Partial<Record<ReaderName, Expectation<'reads'>>>>> = {
  'RSA-2048 PKCS#1 v1.5, SHA-256': {},
  'RSA-2048 PKCS#1 v1.5, SHA-384': {},
  'RSA-2048 PKCS#1 v1.5, SHA-512': {},
  'RSA-3072 PKCS#1 v1.5, SHA-256': {},
  'RSA-4096 PKCS#1 v1.5, SHA-256': {},
  'RSA-2048 RSASSA-PSS, SHA-256': { 'openssl smime': pssInPkcs7, M2Crypto: pssInPkcs7 },
  'RSA-2048 RSASSA-PSS, SHA-512': { 'openssl smime': pssInPkcs7, M2Crypto: pssInPkcs7, certtool: pssOfGnutls },
  'ECDSA P-256, SHA-256': {},
  'ECDSA P-384, SHA-384': {},
  'ECDSA P-521, SHA-512': { gpgsm: curveOfGpgsm },
  'Ed25519, SHA-512': ed25519(),
  'RSA-2048 PKCS#1 v1.5, SHA-256, detached': {},
  'RSA-2048 RSASSA-PSS, SHA-256, detached': { 'openssl smime': pssInPkcs7, M2Crypto: pssInPkcs7 },
  'ECDSA P-256, SHA-256, detached': {},
  'Ed25519, SHA-512, detached': ed25519(),
  'RSA-2048, SHA-256, and ECDSA P-384, SHA-384, together': {},
  'RSA-2048, SHA-256, and ECDSA P-384, SHA-384, together, detached': {},
  'AES-128-CBC, RSA PKCS#1 v1.5': { certtool: certtoolOnlySigns },
  'AES-192-CBC, RSA PKCS#1 v1.5': { certtool: certtoolOnlySigns },
  'AES-256-CBC, RSA PKCS#1 v1.5': { certtool: certtoolOnlySigns },
  'AES-256-CBC, RSA PKCS#1 v1.5, detached signature inside': { certtool: certtoolOnlySigns },
  'AES-128-GCM, RSA PKCS#1 v1.5': authEnveloped(),
  'AES-256-GCM, RSA PKCS#1 v1.5': authEnveloped(),
  'ChaCha20-Poly1305, RSA PKCS#1 v1.5': { ...authEnveloped(), 'openssl cms': chachaInOpenssl, gpgsm: chachaInGpgsm },
  'AES-256-CBC, RSA-OAEP SHA-256': {
    'openssl smime': oaepInPkcs7,
    M2Crypto: oaepInPkcs7,
    gpgsm: oaepInGpgsm,
    'NSS cmsutil': oaepInNss,
    certtool: certtoolOnlySigns,
  },
  'AES-256-GCM, RSA-OAEP SHA-256': authEnveloped(),
  'AES-128-CBC, ECDH P-256': ecdh(),
  'AES-256-CBC, ECDH P-256': ecdh(),
  'AES-256-CBC, ECDH P-384': ecdh(),
  'AES-256-CBC, ECDH P-521': ecdh(),
  'AES-256-GCM, ECDH P-256': { ...ecdh(), ...gcmToCurve },
  'AES-256-CBC, X25519': x25519(),
  'AES-256-GCM, X25519': { ...x25519(), ...gcmToCurve },
  'AES-256-CBC to RSA and P-256, read with the RSA key': { ...ecdh(), gpgsm: 'reads' },
  'AES-256-CBC to RSA and P-256, read with the P-256 key': ecdh(),
  'AES-256-CBC to RSA and X25519, read with the RSA key': { ...ecdh(), gpgsm: 'reads' },
  'AES-256-CBC, RSA PKCS#1 v1.5, and signed again, detached (triple wrap)': { certtool: certtoolOnlySigns },
};

function ed25519() {
  return {
    'openssl cms': ed25519InOpenssl,
    'openssl smime': ed25519InPkcs7,
    M2Crypto: ed25519InPkcs7,
    gpgsm: curveOfGpgsm,
    'NSS cmsutil': ed25519InNss,
  };
}

function authEnveloped() {
  return {
    'openssl smime': authEnvelopedInPkcs7,
    M2Crypto: authEnvelopedInPkcs7,
    gpgsm: gcmInGpgsm,
    'NSS cmsutil': authEnvelopedInNss,
    certtool: certtoolOnlySigns,
  };
}

function ecdh() {
  return {
    'openssl smime': agreementInPkcs7,
    M2Crypto: agreementInPkcs7,
    gpgsm: ecdhInGpgsm,
    'NSS cmsutil': agreementInNss,
    certtool: certtoolOnlySigns,
  };
}

function x25519() {
  return { ...ecdh(), 'openssl cms': x25519InOpenssl, BouncyCastle: x25519InBouncyCastle, gpgsm: x25519InGpgsm };
}
