import { OID } from '../algorithms.js';
import { elementHead, integer, oid, setOf } from './der.js';
import { around, type Frame, hollowString } from './frame.js';

export interface EnvelopeParts {
  readonly recipientInfos: readonly Buffer[];
  readonly contentEncryptionAlgorithm: Buffer;
}

const KEY_AGREE_RECIPIENT_INFO = 0xa1;

/**
 * ContentInfo with EnvelopedData (RFC 5652 §6.1) around ciphertext of `ciphertextBytes` octets. The encrypted content is primitive: as a
 * constructed `[0]`, gpgsm and others refuse it. Version 0 as long as every recipient is a KeyTransRecipientInfo of version 0, else 2.
 */
export function envelopedData(parts: EnvelopeParts, ciphertextBytes: number): Frame {
  const version = parts.recipientInfos.some((info) => info[0] === KEY_AGREE_RECIPIENT_INFO) ? 2 : 0;
  const members = [integer(version), setOf(parts.recipientInfos)];
  return contentInfo(OID.envelopedData, around(0x30, members, encryptedContentInfo(parts, ciphertextBytes)));
}

/**
 * ContentInfo with AuthEnvelopedData (RFC 5083 §2.1), always version 0; the content is id-data, so there need be no authAttrs. `mac` is
 * referred to, not copied: it may be filled in once the ciphertext has been made.
 */
export function authEnvelopedData(parts: EnvelopeParts, ciphertextBytes: number, mac: Buffer): Frame {
  const members = [integer(0), setOf(parts.recipientInfos)];
  const macOctets = [elementHead(0x04, mac.length), mac];
  return contentInfo(OID.authEnvelopedData, around(0x30, members, encryptedContentInfo(parts, ciphertextBytes), macOctets));
}

function encryptedContentInfo(parts: EnvelopeParts, ciphertextBytes: number): Frame {
  return around(0x30, [oid(OID.data), parts.contentEncryptionAlgorithm], hollowString(0x80, ciphertextBytes));
}

function contentInfo(type: string, value: Frame): Frame {
  return around(0x30, [oid(type)], around(0xa0, [], value));
}
