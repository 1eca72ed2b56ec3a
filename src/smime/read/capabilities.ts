import { CONTENT_CIPHERS, type ContentCipher } from '../algorithms.js';
import type { Capabilities } from '../capabilities.js';
import { type BerElement, BerError, childrenOf, contentOf, contextTag, TAG } from '../cms/ber.js';
import { elementHead } from '../cms/der.js';
import { objectIdentifier } from './asn1.js';
import { type CertificateId, readCertificateId } from './certificate-id.js';

/**
 * Reads an smimeCapabilities value: SEQUENCE OF SEQUENCE { capabilityID, parameters OPTIONAL } (RFC 8551 §2.5.2). It must be DER, as the norm
 * demands: what could be read in two ways decides about nobody's mail. Throws BerError.
 */
export function readCapabilities(element: BerElement): Capabilities {
  if (element.end - element.start > MAX_BYTES) throw new BerError(`they are longer than ${MAX_BYTES} octets`);
  const ciphers = new Set<ContentCipher>();
  const others = new Set<string>();
  for (const capability of sequenceOf(element, 'the list', MAX_CAPABILITIES)) {
    const [id, parameters, ...more] = sequenceOf(capability, 'a capability', 3);
    if (id === undefined || more.length > 0) throw new BerError('a capability is not an identifier with at most one parameter');
    if (parameters !== undefined) requireDer(parameters);
    const oid = strictObjectIdentifier(id);
    // AES and ChaCha20 have no parameters here, not even NULL (RFC 8551 §2.5.2, RFC 3565, RFC 8103): with some, it is something else.
    const cipher = parameters === undefined ? CIPHERS.get(oid) : undefined;
    if (cipher === undefined) others.add(oid);
    else ciphers.add(cipher);
  }
  return { ciphers: [...ciphers], others: [...others] };
}

/**
 * Reads an SMIMEEncryptionKeyPreference (RFC 8551 §2.5.3), IMPLICIT: `[0]` IssuerAndSerialNumber, `[1]` RecipientKeyIdentifier, `[2]`
 * SubjectKeyIdentifier. Throws BerError.
 */
export function readEncryptionKeyPreference(element: BerElement): CertificateId {
  requireDer(element);
  if (element.tag === contextTag(0)) return readCertificateId({ ...element, tag: TAG.sequence });
  if (element.tag === contextTag(2)) return { subjectKeyIdentifier: keyIdentifier(element) };
  const [identifier] = element.tag === contextTag(1) ? childrenOf(element, 3) : [];
  if (identifier?.tag !== TAG.octetString) throw new BerError('it is none of the three known choices');
  return { subjectKeyIdentifier: keyIdentifier(identifier) };
}

/** Outlook announces some fifteen in 150 octets. */
const MAX_CAPABILITIES = 100;
const MAX_BYTES = 4096;

const CIPHERS: ReadonlyMap<string, ContentCipher> = new Map(
  (Object.keys(CONTENT_CIPHERS) as ContentCipher[]).map((cipher) => [CONTENT_CIPHERS[cipher].oid, cipher]),
);

function sequenceOf(element: BerElement, what: string, limit: number): BerElement[] {
  if (element.tag !== TAG.sequence || !element.constructed) throw new BerError(`${what} is not a SEQUENCE`);
  requireDer(element);
  return childrenOf(element, limit);
}

function keyIdentifier(element: BerElement): Buffer {
  if (element.constructed) throw new BerError('the encoding is not DER');
  requireDer(element);
  return contentOf(element);
}

/** X.690 §10.1: a definite length in the fewest octets. */
function requireDer(element: BerElement): void {
  const headBytes = elementHead(0, element.contentEnd - element.contentStart).length;
  if (element.indefinite || element.contentStart - element.start !== headBytes) throw new BerError('the encoding is not DER');
}

/** X.690 §8.19.2: no arc begins with an empty octet, and the last one ends. Otherwise one identifier had several spellings. */
function strictObjectIdentifier(element: BerElement): string {
  const octets = contentOf(element);
  const isSpelledOnce = octets.every((octet, index) => octet !== 0x80 || ((octets[index - 1] ?? 0) & 0x80) !== 0);
  if (!isSpelledOnce || ((octets.at(-1) ?? 0) & 0x80) !== 0) throw new BerError('an object identifier is not DER');
  requireDer(element);
  return objectIdentifier(element);
}
