import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { addressKey, parseAddress } from '../message/address.js';
import { readCertificate } from '../smime/read/certificate.js';
import { nameText } from '../smime/read/name.js';
import { damaged, keyFault } from './faults.js';

/** What is known of one certificate; nothing here is judged (see suitability.ts). */
export interface CertificateFacts {
  /** The certificate's bytes as they stood in the file. */
  readonly der: Buffer;
  readonly x509: X509Certificate;
  /** For people. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal, as `openssl x509 -serial` prints it. */
  readonly serial: string;
  /** SHA-256 of `der`, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Comparison keys (addressKey) of rfc822Name, SmtpUTF8Mailbox (RFC 9598) and the subject's emailAddress; what is no address is left out. */
  readonly addresses: readonly string[];
  /** First octet of KeyUsage (RFC 5280 §4.2.1.3), undefined when absent: every use is allowed. */
  readonly keyUsage: number | undefined;
  /** Object identifiers of ExtKeyUsage, undefined when absent. */
  readonly extKeyUsage: readonly string[] | undefined;
  readonly isCa: boolean;
  readonly publicKey: KeyObject;
  /** `RSA 2048`, `EC P-256`, `Ed25519`, … */
  readonly algorithm: string;
}

/**
 * Reads one certificate. The bytes are kept as they are: issuer and serial go into CMS structures and must be found again by readers.
 * `path` names the file in errors. Throws key-file-damaged, unusable-certificate (a key algorithm that is not known here).
 */
export function parseCertificate(der: Buffer, path: string): CertificateFacts {
  const { x509, parts } = bothReadings(der, path);
  const publicKey = publicKeyOf(x509, path);
  return {
    der,
    x509,
    subject: nameText(parts.subject),
    issuer: nameText(parts.issuer),
    serial: x509.serialNumber,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    notBefore: parts.notBefore,
    notAfter: parts.notAfter,
    addresses: keysOf(parts.addresses),
    keyUsage: parts.keyUsage,
    extKeyUsage: parts.extKeyUsage,
    isCa: parts.isCa,
    publicKey,
    algorithm: algorithmOf(publicKey),
  };
}

/** OpenSSL and our own reader must both understand the certificate, and mean the same bytes. */
function bothReadings(der: Buffer, path: string): { x509: X509Certificate; parts: ReturnType<typeof readCertificate> } {
  let x509: X509Certificate;
  let parts: ReturnType<typeof readCertificate>;
  try {
    x509 = new X509Certificate(der);
    parts = readCertificate(der);
  } catch (error) {
    throw damaged(path, 'it holds something that is not a readable X.509 certificate', error);
  }
  if (!x509.raw.equals(der)) throw damaged(path, 'a certificate in it is not in DER, or something follows it');
  return { x509, parts };
}

function publicKeyOf(x509: X509Certificate, path: string): KeyObject {
  try {
    return x509.publicKey;
  } catch (error) {
    throw keyFault(
      'unusable-certificate',
      `${path}: the public key of the certificate is of a kind that is not known here`,
      'Use a certificate with an RSA, elliptic curve or Ed25519 key.',
      error,
    );
  }
}

function keysOf(addresses: readonly string[]): string[] {
  return addresses
    .map(parseAddress)
    .filter((address) => address !== undefined)
    .map(addressKey);
}

const CURVE_NAMES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
const KEY_TYPE_NAMES: Readonly<Record<string, string>> = { rsa: 'RSA', 'rsa-pss': 'RSASSA-PSS', ed25519: 'Ed25519', x25519: 'X25519' };

/** For people. */
function algorithmOf(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  const type = key.asymmetricKeyType ?? 'unknown';
  if (type === 'ec') return `EC ${CURVE_NAMES[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'explicit curve'}`;
  const name = KEY_TYPE_NAMES[type] ?? type;
  return details?.modulusLength === undefined ? name : `${name} ${details.modulusLength}`;
}
