import { OID } from '../algorithms.js';
import { type BerElement, BerError, childrenOf, contentOf, contextTag, readBer, TAG } from '../cms/ber.js';
import { algorithmIdentifier, integerOctets, objectIdentifier, octetString, sequence, smallInteger } from '../read/asn1.js';
import { type Certificate, readCertificate } from '../read/certificate.js';
import { checkPath } from '../read/chain.js';
import { nameText } from '../read/name.js';
import { readSignedFile } from '../read/signed-file.js';
import { X509_OID } from '../read/x509-oids.js';
import { positive } from './request.js';

/** A token that was found genuine, except for whether its signer is trusted. */
export interface TimeStamp {
  /** When the authority says that the imprint was shown to it. */
  readonly time: Date;
  /** Hexadecimal. */
  readonly serial: string;
  readonly policy: string;
  /** The authority's name, for people. */
  readonly signer: string;
  /** Undefined: a path leads to one of the anchors given. */
  readonly untrusted: string | undefined;
}

export interface TimeStampChecks {
  /** SHA-256 of what was stamped. */
  readonly imprint: Buffer;
  /** The nonce of the request; not checked when not given, as later nobody knows it any more. */
  readonly nonce?: Buffer;
  /** DER of certificates trusted to certify authorities. */
  readonly anchors: readonly Buffer[];
}

/**
 * Verifies a time-stamp token (RFC 3161 §2.4.2): SignedData over a TSTInfo by one signer whom the signature names by hash (ESSCertID or
 * ESSCertIDv2, RFC 5816), whose certificate is for time-stamping alone and critically so (§2.3); imprint and nonce are those asked about. The
 * path to an anchor is checked at the time it says. Never throws for what the bytes are.
 */
export function readTimeStampToken(token: Buffer, checks: TimeStampChecks): TimeStamp | { readonly fault: string } {
  try {
    const anchors = checks.anchors.map(readCertificate);
    const file = readSignedFile(token, { contentType: OID.tstInfo, known: anchors });
    if ('fault' in file) return file;
    if (!file.namesCertificate) return { fault: 'the signature does not say by which certificate it was made (ESSCertID)' };
    const { signer } = file;
    const usages = signer.extKeyUsage ?? [];
    if (usages.length !== 1 || usages[0] !== X509_OID.timeStamping || !signer.extKeyUsageIsCritical)
      return { fault: `the certificate of ${nameText(signer.subject)} is not for time-stamps alone (extKeyUsage, critical)` };
    const info = readTstInfo(file.content);
    if (!info.imprint.equals(checks.imprint) || info.digest !== OID.sha256) return { fault: 'it is about something else (messageImprint)' };
    if (checks.nonce !== undefined && info.nonce?.equals(positive(checks.nonce)) !== true)
      return { fault: 'it answers another request (nonce)' };
    return {
      time: info.time,
      serial: info.serial,
      policy: info.policy,
      signer: nameText(signer.subject),
      untrusted: untrusted(signer, file.certificates, anchors, info.time),
    };
  } catch (error) {
    if (error instanceof BerError) return { fault: `it cannot be read: ${error.message}` };
    throw error;
  }
}

function untrusted(signer: Certificate, candidates: readonly Certificate[], anchors: readonly Certificate[], at: Date): string | undefined {
  const path = checkPath(signer, {
    anchors,
    candidates,
    at,
    extendedUsage: 'timeStamping',
    budget: { verificationsLeft: MAX_VERIFICATIONS },
  });
  return path.trusted ? undefined : path.reason;
}

const MAX_VERIFICATIONS = 100;

interface TstInfo {
  readonly policy: string;
  readonly digest: string;
  readonly imprint: Buffer;
  readonly serial: string;
  readonly time: Date;
  /** Content octets of the INTEGER. */
  readonly nonce: Buffer | undefined;
}

/** TSTInfo (RFC 3161 §2.4.2). Throws BerError. */
function readTstInfo(bytes: Buffer): TstInfo {
  const element = readBer(bytes);
  if (element.end !== bytes.length) throw new BerError('something follows the TSTInfo');
  const members = sequence(element, 'a TSTInfo');
  if (smallInteger(members.next(TAG.integer)) !== 1) throw new BerError('a TSTInfo of an unknown version');
  const policy = objectIdentifier(members.next(TAG.oid));
  const messageImprint = sequence(members.next(), 'a MessageImprint');
  const digest = algorithmIdentifier(messageImprint.next()).oid;
  const imprint = octetString(messageImprint.next());
  const serial = integerOctets(members.next(TAG.integer)).toString('hex');
  const time = generalizedTime(members.next(TAG.generalizedTime));
  members.optional(TAG.sequence); // accuracy
  members.optional(TAG.boolean); // ordering
  const nonce = members.optional(TAG.integer);
  members.optional(contextTag(0)); // tsa: a hint; the certificate says who signed
  const extensions = members.optional(contextTag(1));
  if (extensions !== undefined && hasCritical(extensions)) throw new BerError('a TSTInfo with a critical extension that is not understood');
  if (members.maybe() !== undefined) throw new BerError('a TSTInfo with more members than there are');
  return { policy, digest, imprint, serial, time, nonce: nonce === undefined ? undefined : integerOctets(nonce) };
}

function hasCritical(extensions: BerElement): boolean {
  return childrenOf(extensions, 50).some((extension) => {
    const members = sequence(extension, 'an Extension');
    members.next(TAG.oid);
    const critical = members.optional(TAG.boolean);
    return critical !== undefined && contentOf(critical)[0] !== 0;
  });
}

/** RFC 3161 §2.4.2: UTC, seconds always there, a fraction of a second where the authority has one. */
function generalizedTime(element: BerElement): Date {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(contentOf(element).toString('latin1'));
  const [, year, month, day, hour, minute, second, fraction = '0'] = match ?? [];
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  const time = new Date(text);
  // A Date takes the 31st of June for the 1st of July.
  if (match === null || Number.isNaN(time.getTime()) || time.toISOString() !== text) throw new BerError('a TSTInfo without a time');
  return time;
}
