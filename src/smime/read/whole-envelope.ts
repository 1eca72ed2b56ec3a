import { looksLikeText } from '../../message/looks-like-text.js';
import { OID } from '../algorithms.js';
import { type BerElement, childrenOf, contextTag, readBer, TAG } from '../cms/ber.js';
import { readCertificate } from './certificate.js';
import { identifies } from './certificate-id.js';
import { contentDecryption } from './content-cipher.js';
import { contentTypeName, readContentInfo } from './content-info.js';
import { type EnvelopedData, readAuthEnvelopedData, readEnvelopedData } from './enveloped-data.js';

/** An encrypted structure, or why it cannot be taken for one. */
export type Envelope = { readonly isEncryptedTo: (certificate: Buffer) => boolean } | { readonly fault: string };

/**
 * Reads EnvelopedData or AuthEnvelopedData that is nothing else: no octets behind it, none of the optional members in which something could
 * stand in the clear, a cipher that protects, recipients with certificates, and content that can be a cipher's. What was really encrypted, and
 * with which key, nobody can tell without one. Throws BerError.
 */
export function readWholeEnvelope(cms: Buffer): Envelope {
  const outer = readBer(cms);
  if (outer.end !== cms.length || childrenOf(outer, 3).length !== 2) return { fault: 'there is something behind the encrypted structure' };
  const { contentType, content } = readContentInfo(cms);
  const authenticated = contentType === OID.authEnvelopedData;
  if (!authenticated && contentType !== OID.envelopedData) return { fault: `it is not encrypted, but ${contentTypeName(contentType)}` };
  if (!hasOnly(content, authenticated ? AUTH_ENVELOPED : ENVELOPED)) return { fault: 'it has members beside what is encrypted' };
  const data = authenticated ? readAuthEnvelopedData(content) : readEnvelopedData(content);
  const fault = cipherFault(data) ?? recipientFault(data) ?? excess(data, cms.length);
  return fault === undefined ? { isEncryptedTo: (certificate) => isEncryptedTo(data, certificate) } : { fault };
}

/** Tags of the members, `undefined` for an optional authAttrs (RFC 5652 §6.1, RFC 5083 §2.1); originatorInfo and unprotected attributes are not among them. */
const ENVELOPED: readonly number[] = [TAG.integer, TAG.set, TAG.sequence];
const AUTH_ENVELOPED: readonly number[] = [TAG.integer, TAG.set, TAG.sequence, TAG.octetString];
const AUTHENTICATED_ATTRIBUTES = contextTag(1);

function hasOnly(content: BerElement, tags: readonly number[]): boolean {
  const members = childrenOf(content, 10);
  const required = members
    .map(({ tag }) => tag)
    .filter((tag, index) => index !== 3 || tag !== AUTHENTICATED_ATTRIBUTES || tags === ENVELOPED);
  const encryptedContent = members.find(({ tag }) => tag === TAG.sequence);
  return required.join() === tags.join() && encryptedContent !== undefined && childrenOf(encryptedContent, 10).length === 3;
}

function cipherFault({ contentType, algorithm, ciphertext, authentication }: EnvelopedData): string | undefined {
  if (contentType !== OID.data) return `what is encrypted is not Data, but ${contentTypeName(contentType)}`;
  const cipher = contentDecryption(algorithm);
  if (cipher === undefined) return `its content-encryption algorithm ${algorithm.oid} is not known here`;
  if (cipher.label.includes('weak')) return `it is encrypted with ${cipher.label}`;
  if ((cipher.cipher === 'cbc') !== (authentication === undefined)) return `${cipher.label} stands in the wrong kind of structure`;
  if (ciphertext.length === 0 || (cipher.cipher === 'cbc' && ciphertext.length % AES_BLOCK_BYTES !== 0)) {
    return 'its encrypted content is empty or cut off';
  }
  if (looksLikeText(ciphertext)) return 'what should be encrypted is text in the clear';
  return (authentication?.additionalData.length ?? 0) > MAX_ATTRIBUTE_BYTES ? 'it has too many authenticated attributes' : undefined;
}

function recipientFault({ recipients }: EnvelopedData): string | undefined {
  if (recipients.length === 0) return 'it is encrypted to nobody';
  for (const recipient of recipients) {
    if (recipient.kind === 'unsupported') return `it can also be opened by ${recipient.description}`;
    const { length } = recipient.encryptedKey;
    if (length < LEAST_KEY_BYTES || length > MOST_KEY_BYTES || looksLikeText(recipient.encryptedKey))
      return 'an encrypted key in it is none';
    if (recipient.kind === 'key-agreement' && (recipient.userKeyingMaterial?.length ?? 0) > MOST_KEY_BYTES)
      return 'an encrypted key in it is none';
  }
  return undefined;
}

/**
 * Names, identifiers and parameters take some hundred octets for each recipient, and segments of the ciphertext some for each. What has many
 * more has something in a place where nobody looks.
 */
function excess({ ciphertext, recipients }: EnvelopedData, sizeBytes: number): string | undefined {
  const keyBytes = recipients.reduce((sum, recipient) => sum + (recipient.kind === 'unsupported' ? 0 : recipient.encryptedKey.length), 0);
  const allowed = MAX_FRAME_BYTES * (recipients.length + 1) + ciphertext.length / 64;
  return sizeBytes - ciphertext.length - keyBytes > allowed ? 'it holds much beside what is encrypted' : undefined;
}

const MAX_FRAME_BYTES = 768;
/** All ciphers that are not weak are AES or ChaCha20. */
const AES_BLOCK_BYTES = 16;
const MAX_ATTRIBUTE_BYTES = 1024;
/** An AES-128 key wrapped, and the octets of an RSA modulus of 16,384 bits. */
const LEAST_KEY_BYTES = 24;
const MOST_KEY_BYTES = 2048;

function isEncryptedTo({ recipients }: EnvelopedData, der: Buffer): boolean {
  const certificate = readCertificate(der);
  const kind = certificate.keyAlgorithm === OID.rsaEncryption ? 'key-transport' : 'key-agreement';
  return recipients.some((recipient) => recipient.kind === kind && identifies(recipient.id, certificate));
}
