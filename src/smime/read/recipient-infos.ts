import { type BerElement, BerError, childrenOf, contextTag, octetsOf, TAG } from '../cms/ber.js';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  bitString,
  explicit,
  Members,
  octetString,
  sequence,
  smallInteger,
} from './asn1.js';
import { type CertificateId, readCertificateId } from './certificate-id.js';

/** One recipient of one RecipientInfo (RFC 5652 §6.2); a KeyAgreeRecipientInfo for several becomes one entry for each. */
export type Recipient =
  | { readonly kind: 'key-transport'; readonly id: CertificateId; readonly algorithm: AlgorithmIdentifier; readonly encryptedKey: Buffer }
  | {
      readonly kind: 'key-agreement';
      readonly id: CertificateId;
      readonly algorithm: AlgorithmIdentifier;
      readonly encryptedKey: Buffer;
      /** The originator's public key as it stands in the BIT STRING; undefined when the originator is named by a certificate. */
      readonly originatorKey: Buffer | undefined;
      readonly userKeyingMaterial: Buffer | undefined;
    }
  | { readonly kind: 'unsupported'; readonly description: string };

/** The pickup's limit is 5,000 receivers a message; twice that is read. */
const MAX_RECIPIENTS = 10_000;

/** Reads the SET OF RecipientInfo. Throws BerError. */
export function readRecipients(element: BerElement): Recipient[] {
  const recipients = childrenOf(element, MAX_RECIPIENTS).flatMap(readRecipientInfo);
  if (recipients.length > MAX_RECIPIENTS) throw new BerError('too many recipients');
  return recipients;
}

const UNSUPPORTED: ReadonlyMap<number, string> = new Map([
  [contextTag(2), 'a shared key-encryption key (KEKRecipientInfo)'],
  [contextTag(3), 'a password (PasswordRecipientInfo)'],
  [contextTag(4), 'another kind of recipient (OtherRecipientInfo)'],
]);

function readRecipientInfo(element: BerElement): Recipient[] {
  if (element.tag === TAG.sequence) return [readKeyTransport(element)];
  if (element.tag === contextTag(1)) return readKeyAgreement(element);
  const description = UNSUPPORTED.get(element.tag);
  if (description === undefined) throw new BerError('an unknown kind of RecipientInfo');
  return [{ kind: 'unsupported', description }];
}

function readKeyTransport(element: BerElement): Recipient {
  const members = sequence(element, 'KeyTransRecipientInfo');
  smallInteger(members.next());
  const id = readCertificateId(members.next());
  const algorithm = algorithmIdentifier(members.next());
  return { kind: 'key-transport', id, algorithm, encryptedKey: octetString(members.next()) };
}

function readKeyAgreement(element: BerElement): Recipient[] {
  const members = new Members(childrenOf(element), 'KeyAgreeRecipientInfo');
  smallInteger(members.next());
  const originator = explicit(members.next(contextTag(0)), 'originator');
  const keyingMaterial = members.optional(contextTag(1));
  const userKeyingMaterial = keyingMaterial === undefined ? undefined : octetString(explicit(keyingMaterial, 'ukm'));
  const algorithm = algorithmIdentifier(members.next());
  const originatorKey = originator.tag === contextTag(1) ? readOriginatorKey(originator) : undefined;
  return childrenOf(members.next(TAG.sequence), MAX_RECIPIENTS).map((child) => {
    const recipient = sequence(child, 'RecipientEncryptedKey');
    const id = readAgreementId(recipient.next());
    return { kind: 'key-agreement', id, algorithm, encryptedKey: octetString(recipient.next()), originatorKey, userKeyingMaterial };
  });
}

/** OriginatorPublicKey: its algorithm must be that of the recipient's key (RFC 5753 §3.1.1), whose parameters are the ones used. */
function readOriginatorKey(element: BerElement): Buffer {
  const members = new Members(childrenOf(element), 'OriginatorPublicKey');
  algorithmIdentifier(members.next());
  return bitString(members.next());
}

/** KeyAgreeRecipientIdentifier: issuerAndSerialNumber, or `[0]` RecipientKeyIdentifier whose first member is the key identifier. */
function readAgreementId(element: BerElement): CertificateId {
  if (element.tag !== contextTag(0)) return readCertificateId(element);
  return { subjectKeyIdentifier: octetsOf(new Members(childrenOf(element), 'RecipientKeyIdentifier').next(TAG.octetString)) };
}
