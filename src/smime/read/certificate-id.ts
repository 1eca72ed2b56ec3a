import { type BerElement, contextTag, encodedOf, octetsOf, TAG } from '../cms/ber.js';
import { integerOctets, sequence } from './asn1.js';
import type { Certificate } from './certificate.js';
import { nameText, sameName } from './name.js';

/** How CMS points at a certificate: SignerIdentifier and RecipientIdentifier (RFC 5652 §5.3, §6.2.1). */
export type CertificateId = { readonly issuer: Buffer; readonly serial: Buffer } | { readonly subjectKeyIdentifier: Buffer };

/** Reads issuerAndSerialNumber, or `[0]` subjectKeyIdentifier. Throws BerError. */
export function readCertificateId(element: BerElement): CertificateId {
  if (element.tag === contextTag(0)) return { subjectKeyIdentifier: octetsOf(element) };
  const members = sequence(element, 'an issuerAndSerialNumber');
  return { issuer: encodedOf(members.next(TAG.sequence)), serial: integerOctets(members.next()) };
}

export function identifies(id: CertificateId, certificate: Certificate): boolean {
  if ('subjectKeyIdentifier' in id) return id.subjectKeyIdentifier.equals(certificate.subjectKeyIdentifier);
  return id.serial.equals(certificate.serial) && sameName(id.issuer, certificate.issuer);
}

/** For people and reports: `CN=Example CA serial 0a1b`, or the subjectKeyIdentifier. */
export function certificateIdText(id: CertificateId): string {
  if ('subjectKeyIdentifier' in id) return `key identifier ${id.subjectKeyIdentifier.subarray(0, 64).toString('hex')}`;
  return `${nameText(id.issuer)} serial ${serialText(id.serial)}`;
}

export function serialText(serial: Buffer): string {
  return serial.subarray(0, 64).toString('hex');
}
