import { OID } from '../algorithms.js';
import { type BerElement, BerError, childrenOf, readBer, TAG } from '../cms/ber.js';
import { type Announcement, announcementOf } from './announcement.js';
import { sequence } from './asn1.js';
import type { Certificate } from './certificate.js';
import { certificateIdText, identifies, serialText } from './certificate-id.js';
import { checkPath, publicKeyOf } from './chain.js';
import { digestLabel, digestName } from './digests.js';
import { nameText, printable } from './name.js';
import { type ClaimedSender, senderMismatch } from './sender-addresses.js';
import { type SignatureScheme, signatureScheme, verifySignature } from './signature-scheme.js';
import { isNamedCertificate, readSignedAttributes, type SignedAttributes } from './signed-attributes.js';
import { readSignerInfo, type SignerInfo } from './signed-data.js';

export type SignatureVerdict = 'valid' | 'invalid' | 'untrusted' | 'unknown';

/** What one SignerInfo proves, and of whom. */
export interface JudgedSigner {
  readonly verdict: SignatureVerdict;
  readonly reason: string;
  readonly algorithms: readonly string[];
  readonly subject: string;
  readonly addresses: readonly string[];
  readonly serial: string;
  readonly signingTime?: Date;
  /** What the signer says of the mailbox's client; only where the verdict is `valid`. */
  readonly announced?: Announcement;
}

/** What all SignerInfos of a layer are judged against. */
export interface SignedContent {
  readonly contentType: string;
  readonly content: Buffer;
  /** Digest of the content, computed once per algorithm. */
  readonly digest: (name: string) => Buffer;
  readonly certificates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly claimed: ClaimedSender;
  readonly now: Date;
  readonly pathBudget: { verificationsLeft: number };
}

/**
 * Judges one SignerInfo (RFC 5652 §5.4, §5.6, RFC 8933): attributes, digest and signature first (`invalid`), then the way to a trusted CA and
 * the address (`untrusted`); `unknown` is what cannot be judged for want of a certificate or an algorithm. Never throws.
 */
export function judgeSigner(element: BerElement, signed: SignedContent): JudgedSigner {
  try {
    return judge(readSignerInfo(element), signed);
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    return {
      verdict: 'invalid',
      reason: `a SignerInfo cannot be read: ${error.message}`,
      algorithms: [],
      subject: '',
      addresses: [],
      serial: '',
    };
  }
}

function judge(signer: SignerInfo, signed: SignedContent): JudgedSigner {
  const facts: Facts = {
    algorithms: [],
    subject: certificateIdText(signer.id),
    addresses: [],
    serial: 'serial' in signer.id ? serialText(signer.id.serial) : '',
  };
  const digest = digestName(signer.digestAlgorithm.oid);
  if (digest === undefined) return unknown(`its digest algorithm ${signer.digestAlgorithm.oid} is not known here`, facts);
  facts.algorithms = [digestLabel(digest)];
  const scheme = signatureScheme(signer.signatureAlgorithm);
  if (scheme === undefined) return unknown(`its signature algorithm ${signer.signatureAlgorithm.oid} is not known here`, facts);
  facts.algorithms = [digestLabel(digest), scheme.name];
  const outcome = checkContent(signer, scheme, digest, signed);
  if ('fault' in outcome) return { verdict: 'invalid', reason: outcome.fault, ...facts };
  if (outcome.attributes?.signingTime !== undefined) facts.signingTime = outcome.attributes.signingTime;
  const certificates = signed.certificates.filter((certificate) => identifies(signer.id, certificate));
  const [first] = certificates;
  if (first === undefined) return unknown("the signer's certificate is not at hand", facts);
  describeSigner(facts, first);
  const certificate = certificates.slice(0, MAX_MATCHES).find((candidate) => isSignedBy(candidate, signer, scheme, digest, outcome));
  if (certificate === undefined)
    return { verdict: 'invalid', reason: 'the signature does not verify with the certificate it names', ...facts };
  describeSigner(facts, certificate);
  if (digest === 'md5') return unknown('MD5 is broken: such a signature proves nothing', facts);
  const pathOptions = { anchors: signed.anchors, candidates: signed.certificates, at: signed.now, budget: signed.pathBudget };
  const path = checkPath(certificate, pathOptions);
  if (!path.trusted) return { verdict: 'untrusted', reason: path.reason, ...facts };
  const mismatch = senderMismatch(signed.claimed, certificate.addresses);
  if (mismatch !== undefined) return { verdict: 'untrusted', reason: mismatch, ...facts };
  const weak = [...(digest === 'sha1' ? ['SHA-1 (weak)'] : []), ...path.weak];
  const announced = announcementOf(certificate, outcome.attributes, signed.claimed, weak.length > 0, pathOptions);
  const reason = `signed by ${facts.subject}${weak.length > 0 ? `, using ${weak.join(' and ')}` : ''}`;
  return { verdict: 'valid', reason, ...facts, announced };
}

/** Certificates that claim the same issuer and serial, or the same key identifier: an attacker may add any number. */
const MAX_MATCHES = 5;

interface Facts {
  algorithms: readonly string[];
  subject: string;
  addresses: readonly string[];
  serial: string;
  signingTime?: Date;
}

function describeSigner(facts: Facts, certificate: Certificate): void {
  facts.subject = nameText(certificate.subject);
  facts.addresses = [...new Set(certificate.addresses)].map(printable);
  facts.serial = serialText(certificate.serial);
}

function unknown(reason: string, facts: Facts): JudgedSigner {
  return { verdict: 'unknown', reason, ...facts };
}

interface Checked {
  readonly attributes: SignedAttributes | undefined;
  /** What the signature value is over. */
  readonly signedBytes: Buffer;
}

/** All that can be checked without a certificate. */
function checkContent(signer: SignerInfo, scheme: SignatureScheme, digest: string, signed: SignedContent): Checked | { fault: string } {
  const hasAttributes = signer.signedAttributes !== undefined;
  // RFC 8933 §3; without attributes Ed25519 is over the content itself and the digest is nowhere used.
  if (scheme.digest !== undefined && scheme.digest !== digest && (hasAttributes || scheme.name !== 'ed25519')) {
    return { fault: `its digest algorithm (${digest}) is not its signature's (${scheme.digest})` };
  }
  if (!hasAttributes || signer.signedAttributes === undefined) return checkBareContent(signed);
  let attributes: SignedAttributes;
  try {
    attributes = readSignedAttributes(signer.signedAttributes, signer);
  } catch (error) {
    if (error instanceof BerError) return { fault: error.message };
    throw error;
  }
  if (attributes.contentType !== signed.contentType) return { fault: 'its contentType attribute is not the type of the content' };
  if (!attributes.messageDigest.equals(signed.digest(digest)))
    return { fault: 'the content is not what was signed (message digest differs)' };
  return { attributes, signedBytes: attributes.signedBytes };
}

/** Without signed attributes the signature is over the content, which must then be id-data (RFC 5652 §5.3). */
function checkBareContent(signed: SignedContent): Checked | { fault: string } {
  if (signed.contentType !== OID.data) return { fault: 'signed attributes are missing where the content is not id-data' };
  if (isSetOfAttributes(signed.content)) return { fault: 'its content is a set of signed attributes, taken from another signature' };
  return { attributes: undefined, signedBytes: signed.content };
}

/** An attacker can present the attributes somebody signed as content signed without attributes; no MIME entity looks like them. */
function isSetOfAttributes(content: Buffer): boolean {
  if (content[0] !== 0x31) return false;
  try {
    const set = readBer(content);
    return set.end === content.length && childrenOf(set).every((child) => sequence(child, 'an attribute').next().tag === TAG.oid);
  } catch (error) {
    if (error instanceof BerError) return false;
    throw error;
  }
}

function isSignedBy(certificate: Certificate, signer: SignerInfo, scheme: SignatureScheme, digest: string, checked: Checked): boolean {
  const key = publicKeyOf(certificate);
  if (key === undefined || !verifySignature(scheme, digest, key, checked.signedBytes, signer.signature)) return false;
  return checked.attributes === undefined || isNamedCertificate(checked.attributes, certificate);
}
