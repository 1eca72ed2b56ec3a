import { OID } from '../algorithms.js';
import { type BerElement, BerError, childrenOf, contextTag, encodedOf, octetsOf, TAG } from '../cms/ber.js';
import { type AlgorithmIdentifier, algorithmIdentifier, objectIdentifier, octetString, sequence, smallInteger } from './asn1.js';
import { type Recipient, readRecipients } from './recipient-infos.js';

/** EnvelopedData (RFC 5652 §6.1) or AuthEnvelopedData (RFC 5083 §2.1), read but not decrypted. */
export interface EnvelopedData {
  readonly recipients: readonly Recipient[];
  readonly contentType: string;
  readonly algorithm: AlgorithmIdentifier;
  readonly ciphertext: Buffer;
  /** Of AuthEnvelopedData only. */
  readonly authentication: Authentication | undefined;
}

export interface Authentication {
  readonly tag: Buffer;
  /** authAttrs with their universal tag, as they are authenticated; empty when absent (RFC 5083 §2.2). */
  readonly additionalData: Buffer;
}

/** Throws BerError. */
export function readEnvelopedData(element: BerElement): EnvelopedData {
  const members = sequence(element, 'EnvelopedData');
  smallInteger(members.next());
  members.optional(contextTag(0));
  const recipients = readRecipients(members.next(TAG.set));
  return { recipients, ...readEncryptedContent(members.next()), authentication: undefined };
}

/** Throws BerError. */
export function readAuthEnvelopedData(element: BerElement): EnvelopedData {
  const members = sequence(element, 'AuthEnvelopedData');
  smallInteger(members.next());
  members.optional(contextTag(0));
  const recipients = readRecipients(members.next(TAG.set));
  const encrypted = readEncryptedContent(members.next());
  const attributes = members.optional(contextTag(1));
  const tag = octetString(members.next());
  if (attributes !== undefined) checkContentType(attributes, encrypted.contentType);
  else if (encrypted.contentType !== OID.data) throw new BerError('authenticated attributes are missing where the content is not id-data');
  const additionalData = attributes === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.of(0x31), encodedOf(attributes).subarray(1)]);
  return { recipients, ...encrypted, authentication: { tag, additionalData } };
}

function readEncryptedContent(element: BerElement): { contentType: string; algorithm: AlgorithmIdentifier; ciphertext: Buffer } {
  const members = sequence(element, 'EncryptedContentInfo');
  const contentType = objectIdentifier(members.next(TAG.oid));
  const algorithm = algorithmIdentifier(members.next());
  const content = members.optional(contextTag(0));
  if (content === undefined) throw new BerError('the encrypted content is not in the message');
  return { contentType, algorithm, ciphertext: octetsOf(content) };
}

/** The contentType attribute must be there and be the content's (RFC 5083 §2.1). */
function checkContentType(attributes: BerElement, contentType: string): void {
  if (attributes.indefinite) throw new BerError('its authenticated attributes are not DER');
  const types = childrenOf(attributes, 1000).flatMap((attribute) => {
    const members = sequence(attribute, 'an authenticated attribute');
    return objectIdentifier(members.next(TAG.oid)) === OID.contentType ? childrenOf(members.next(TAG.set), 10).map(objectIdentifier) : [];
  });
  if (types.length !== 1 || types[0] !== contentType)
    throw new BerError('its authenticated contentType attribute is not the type of the content');
}
