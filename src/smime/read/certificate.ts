import { createHash } from 'node:crypto';
import { type BerElement, BerError, childrenOf, contentOf, contextTag, encodedOf, readBer, TAG } from '../cms/ber.js';
import {
  algorithmIdentifier,
  bitString,
  explicit,
  integerOctets,
  Members,
  objectIdentifier,
  octetString,
  sequence,
  smallInteger,
  time,
} from './asn1.js';
import { nameAttributes } from './name.js';
import { X509_OID } from './x509-oids.js';

/** Bits of the KeyUsage extension's first octet (RFC 5280 §4.2.1.3). */
export const KEY_USAGE = {
  digitalSignature: 0x80,
  nonRepudiation: 0x40,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
} as const;

/** What verification needs of a certificate, as it stands in it; nothing here is checked (see chain.ts). */
export interface Certificate {
  readonly der: Buffer;
  /** Encoded Names. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** Content octets of the INTEGER. */
  readonly serial: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Object identifier of the algorithm the certificate is signed with. */
  readonly signatureAlgorithm: string;
  /** The SubjectPublicKeyInfo's algorithm identifier. */
  readonly keyAlgorithm: string;
  readonly subjectKeyIdentifier: Buffer;
  /** rfc822Name, SmtpUTF8Mailbox (RFC 9598) and emailAddress of the subject, as written. */
  readonly addresses: readonly string[];
  /** Tags of the GeneralName forms in the subjectAltName. */
  readonly altNameForms: ReadonlySet<number>;
  /** First octet of KeyUsage; undefined when the extension is absent. */
  readonly keyUsage: number | undefined;
  readonly extKeyUsage: readonly string[] | undefined;
  readonly extKeyUsageIsCritical: boolean;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly nameConstraints: BerElement | undefined;
  /** Critical extensions nobody here understands. */
  readonly unknownCritical: readonly string[];
}

/** Reads one DER certificate (RFC 5280 §4.1). Throws BerError. */
export function readCertificate(der: Buffer): Certificate {
  const outer = readBer(der);
  const certificate = sequence(outer, 'a certificate');
  const tbs = sequence(certificate.next(), 'a TBSCertificate');
  const signatureAlgorithm = algorithmIdentifier(certificate.next()).oid;
  tbs.optional(contextTag(0));
  const serial = integerOctets(tbs.next());
  tbs.next();
  const issuer = encodedOf(tbs.next(TAG.sequence));
  const validity = sequence(tbs.next(), 'a Validity');
  const [notBefore, notAfter] = [time(validity.next()), time(validity.next())];
  const subject = encodedOf(tbs.next(TAG.sequence));
  const publicKey = sequence(tbs.next(), 'a SubjectPublicKeyInfo');
  const keyAlgorithm = algorithmIdentifier(publicKey.next()).oid;
  const keyBits = bitString(publicKey.next());
  tbs.optional(contextTag(1));
  tbs.optional(contextTag(2));
  const extensions = readExtensions(tbs.optional(contextTag(3)));
  const altNames = readAltNames(extensions.get(X509_OID.subjectAltName)?.value);
  const basic = readBasicConstraints(extensions.get(X509_OID.basicConstraints)?.value);
  const usage = extensions.get(X509_OID.keyUsage);
  const extendedUsage = extensions.get(X509_OID.extKeyUsage);
  const identifier = extensions.get(X509_OID.subjectKeyIdentifier);
  return {
    der: encodedOf(outer),
    issuer,
    subject,
    serial,
    notBefore,
    notAfter,
    signatureAlgorithm,
    keyAlgorithm,
    // RFC 5280 §4.2.1.2, method (1), for certificates without the extension.
    subjectKeyIdentifier: identifier === undefined ? createHash('sha1').update(keyBits).digest() : octetString(identifier.value),
    addresses: [...altNames.addresses, ...emailAttributes(subject)],
    altNameForms: altNames.forms,
    keyUsage: usage === undefined ? undefined : (bitString(usage.value)[0] ?? 0),
    extKeyUsage: extendedUsage === undefined ? undefined : childrenOf(extendedUsage.value, 100).map(objectIdentifier),
    extKeyUsageIsCritical: extendedUsage?.critical === true,
    isCa: basic.isCa,
    pathLength: basic.pathLength,
    nameConstraints: extensions.get(X509_OID.nameConstraints)?.value,
    unknownCritical: [...extensions].filter(([oid, { critical }]) => critical && !UNDERSTOOD.has(oid)).map(([oid]) => oid),
  };
}

/** Policies are passed over: no policy is ever required, so RFC 5280 §6.1 cannot fail on them unless policyConstraints demands one. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  X509_OID.subjectKeyIdentifier,
  X509_OID.keyUsage,
  X509_OID.subjectAltName,
  X509_OID.issuerAltName,
  X509_OID.basicConstraints,
  X509_OID.nameConstraints,
  X509_OID.certificatePolicies,
  X509_OID.policyMappings,
  X509_OID.authorityKeyIdentifier,
  X509_OID.extKeyUsage,
  X509_OID.inhibitAnyPolicy,
]);

interface Extension {
  readonly critical: boolean;
  readonly value: BerElement;
}

function readExtensions(element: BerElement | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (element === undefined) return extensions;
  for (const child of childrenOf(explicit(element, 'Extensions'), 200)) {
    const members = sequence(child, 'an Extension');
    const oid = objectIdentifier(members.next(TAG.oid));
    const critical = members.optional(TAG.boolean);
    if (extensions.has(oid)) throw new BerError('a certificate has an extension twice');
    extensions.set(oid, { critical: critical !== undefined && contentOf(critical)[0] !== 0, value: readBer(octetString(members.next())) });
  }
  return extensions;
}

function readBasicConstraints(element: BerElement | undefined): { isCa: boolean; pathLength: number | undefined } {
  if (element === undefined) return { isCa: false, pathLength: undefined };
  const members = sequence(element, 'BasicConstraints');
  const isCa = members.optional(TAG.boolean);
  const pathLength = members.optional(TAG.integer);
  return {
    isCa: isCa !== undefined && contentOf(isCa)[0] !== 0,
    pathLength: pathLength === undefined ? undefined : smallInteger(pathLength),
  };
}

/** GeneralName forms (RFC 5280 §4.2.1.6). */
const OTHER_NAME = contextTag(0);
const RFC822_NAME = contextTag(1);

function readAltNames(element: BerElement | undefined): { addresses: string[]; forms: Set<number> } {
  const addresses: string[] = [];
  const forms = new Set<number>();
  for (const name of element === undefined ? [] : childrenOf(element, 1000)) {
    forms.add(name.tag);
    if (name.tag === RFC822_NAME) addresses.push(contentOf(name).toString('latin1'));
    if (name.tag === OTHER_NAME) {
      const members = new Members(childrenOf(name), 'an otherName');
      if (objectIdentifier(members.next(TAG.oid)) === X509_OID.smtpUtf8Mailbox) {
        addresses.push(contentOf(explicit(members.next(contextTag(0)), 'an SmtpUTF8Mailbox')).toString('utf8'));
      }
    }
  }
  return { addresses, forms };
}

function emailAttributes(subject: Buffer): string[] {
  return nameAttributes(subject)
    .filter(({ type }) => type === X509_OID.emailAddress)
    .map(({ value }) => value);
}
