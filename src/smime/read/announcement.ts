import { createHash } from 'node:crypto';
import type { Capabilities } from '../capabilities.js';
import { type BerElement, BerError } from '../cms/ber.js';
import { readCapabilities, readEncryptionKeyPreference } from './capabilities.js';
import type { Certificate } from './certificate.js';
import { type CertificateId, identifies } from './certificate-id.js';
import { checkPath, type PathOptions } from './chain.js';
import { type ClaimedSender, senderMismatch } from './sender-addresses.js';
import type { SignedAttributes } from './signed-attributes.js';

/** What a valid signature says of the client of the mailbox that signed. */
export interface Announcement {
  /** Of the mailbox, as an addressKey. */
  readonly address: string;
  /** The signature, or a certificate on its path, uses SHA-1 or a short key: what it says may be somebody else's word. */
  readonly weak: boolean;
  /** undefined: none announced, or not readable (then a note says so). */
  readonly capabilities: Capabilities | undefined;
  /** DER of the certificate that signed. */
  readonly certificate: Buffer;
  /** SHA-256 of it, lower-case hex. */
  readonly fingerprint: string;
  /** Which certificate the owner wants to be encrypted to (RFC 8551 §2.5.3), if that is said. */
  readonly encryptionKeyPreference: CertificateId | undefined;
  /** DER of that certificate, if the message brought it, it leads to a trust anchor, may encrypt, and carries the address. */
  readonly encryptionCertificate: Buffer | undefined;
  /** What could not be made use of, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads what the attributes of a signature that was found valid announce. Attributes that are malformed are passed over with a note: they do
 * not make a good signature bad, and nothing is taken from them.
 */
export function announcementOf(
  certificate: Certificate,
  attributes: SignedAttributes | undefined,
  claimed: ClaimedSender,
  weak: boolean,
  path: PathOptions,
): Announcement {
  const notes: string[] = [];
  const read = <Value>(element: BerElement | undefined, what: string, reader: (element: BerElement) => Value): Value | undefined => {
    try {
      return element === undefined ? undefined : reader(element);
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
      notes.push(`the signer's ${what} cannot be read and does not count: ${error.message}`);
      return undefined;
    }
  };
  const preference = read(attributes?.encryptionKeyPreference, 'encryptionKeyPreference', readEncryptionKeyPreference);
  return {
    address: 'key' in claimed ? claimed.key : '',
    weak,
    capabilities: read(attributes?.smimeCapabilities, 'smimeCapabilities', readCapabilities),
    certificate: certificate.der,
    fingerprint: createHash('sha256').update(certificate.der).digest('hex'),
    encryptionKeyPreference: preference,
    encryptionCertificate: preference === undefined ? undefined : preferredCertificate(preference, claimed, path),
    notes,
  };
}

/** The signature covers which certificate is meant, not the certificate itself: that one has to stand for itself. */
function preferredCertificate(preference: CertificateId, claimed: ClaimedSender, path: PathOptions): Buffer | undefined {
  const candidates = path.candidates.filter((certificate) => identifies(preference, certificate)).slice(0, MAX_MATCHES);
  const sound = candidates.find(
    (certificate) =>
      senderMismatch(claimed, certificate.addresses) === undefined && checkPath(certificate, { ...path, purpose: 'encrypt' }).trusted,
  );
  return sound?.der;
}

/** An attacker may add any number of certificates of the same name and serial number. */
const MAX_MATCHES = 5;
