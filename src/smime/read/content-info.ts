import { OID } from '../algorithms.js';
import { type BerElement, contextTag, readBer, TAG } from '../cms/ber.js';
import { explicit, objectIdentifier, sequence } from './asn1.js';

/** ContentInfo (RFC 5652 §3): what kind of CMS structure follows, and the structure. */
export interface ContentInfo {
  readonly contentType: string;
  readonly content: BerElement;
}

/** Reads the outermost structure of a CMS blob. Throws BerError. */
export function readContentInfo(cms: Buffer): ContentInfo {
  const members = sequence(readBer(cms), 'ContentInfo');
  const contentType = objectIdentifier(members.next(TAG.oid));
  return { contentType, content: explicit(members.next(contextTag(0)), 'the content of ContentInfo') };
}

/** The RFC's name of a content type, for people. */
export function contentTypeName(oid: string): string {
  return CONTENT_TYPE_NAMES.get(oid) ?? `content type ${oid}`;
}

const CONTENT_TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  [OID.data, 'Data'],
  [OID.signedData, 'SignedData'],
  [OID.envelopedData, 'EnvelopedData'],
  [OID.authEnvelopedData, 'AuthEnvelopedData'],
  [OID.compressedData, 'CompressedData'],
  [OID.encryptedData, 'EncryptedData'],
  [OID.digestedData, 'DigestedData'],
  [OID.authenticatedData, 'AuthenticatedData'],
]);
