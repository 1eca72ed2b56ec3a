import { createHash, X509Certificate } from 'node:crypto';
import { type CertificateFields, certificateFields } from './cms/certificate-fields.js';

/** A certificate as sealing needs it: what node:crypto reads from it, and the slices of its own encoding. */
export interface CertificateInput {
  readonly der: Buffer;
  readonly x509: X509Certificate;
  readonly fields: CertificateFields;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** For people: one line without control characters, at most 200 characters. */
  readonly subject: string;
}

/** Throws whatever X509Certificate or the slicing throws; callers say whose certificate it is. */
export function readCertificateInput(der: Buffer): CertificateInput {
  const fields = certificateFields(der);
  const x509 = new X509Certificate(der);
  return { der, x509, fields, fingerprint: createHash('sha256').update(der).digest('hex'), subject: subjectText(x509) };
}

/** A root: it names itself as issuer and its own key made its signature (RFC 5280 §3.2 self-signed). */
export function isSelfSigned(certificate: CertificateInput): boolean {
  if (!certificate.fields.issuer.equals(certificate.fields.subject)) return false;
  try {
    return certificate.x509.verify(certificate.x509.publicKey);
  } catch {
    // A key of an algorithm OpenSSL does not know has not been shown to have signed anything.
    return false;
  }
}

/** What went wrong, in the words of whoever found it, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

function subjectText(x509: X509Certificate): string {
  // Node gives one attribute a line; a certificate may name its subject in subjectAltName alone (RFC 5280 §4.1.2.6).
  return oneLine(x509.subject || x509.subjectAltName || `serial ${x509.serialNumber}`);
}

function oneLine(text: string): string {
  return text
    .replace(/\n/g, ', ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/g, '?')
    .slice(0, 200);
}
