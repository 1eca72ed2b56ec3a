import type { Canonical } from '../message/canonical.js';
import { parseContentType } from '../message/content-type.js';
import { entityOf } from '../message/entity.js';
import { fieldsNamed, rawValue } from '../message/field.js';
import { type MimeNode, parseMimeTree } from '../message/mime-tree.js';
import { joined } from '../message/octets.js';
import { decodeQuotedPrintable } from '../message/transfer-encoding.js';
import { OID } from './algorithms.js';
import { BerError, readBer, TAG } from './cms/ber.js';
import { objectIdentifier } from './read/asn1.js';
import { decodedBody, fileName, isSignaturePart, smimeForm } from './read/smime-entity.js';

/** The protection a message came with, as its outermost entity shows it. */
export interface AlreadyProtected {
  readonly kind: 'signed' | 'encrypted' | 'certs-only';
  readonly by: 'smime' | 'openpgp';
  /** `inline`: an OpenPGP block in the text itself. */
  readonly form: 'multipart' | 'opaque' | 'inline';
}

/**
 * Recognises a message that is already signed or encrypted as a whole: S/MIME (RFC 8551 §3.2, §3.5, §3.8), PGP/MIME (RFC 3156), or a text
 * that begins with an OpenPGP block. Protected parts among others are ordinary content. It is recognition by labels and first octets, cheap
 * for the mail that is not; whether such a message is what it claims to be, `as-submitted.ts` finds out.
 */
export function recogniseProtection(message: Canonical): AlreadyProtected | undefined {
  const [field] = fieldsNamed(message.fields, 'Content-Type');
  const mediaType = field === undefined ? 'text/plain' : (parseContentType(rawValue(field))?.mediaType ?? 'application/octet-stream');
  if (OPAQUE_TYPES.has(mediaType)) return inEntity(message, PEEKED_BYTES, opaque);
  if (mediaType === 'multipart/signed' || mediaType === 'multipart/encrypted') {
    const look = mediaType === 'multipart/signed' ? multipartSigned : multipartEncrypted;
    // The parts speak where the parameter is missing, and may be anywhere.
    return inEntity(message, 0, look) ?? inEntity(message, message.body.length, look);
  }
  if (mediaType !== 'text/plain' && !mediaType.startsWith('multipart/')) return undefined;
  const head = message.body.subarray(0, SEARCHED_BYTES);
  return MARKERS.some((marker) => head.includes(marker)) ? inEntity(message, SEARCHED_BYTES, inline) : undefined;
}

/** `signed (S/MIME, multipart/signed)`, for people. */
export function protectionWords({ kind, by, form }: AlreadyProtected): string {
  const what = kind === 'certs-only' ? 'only certificates' : kind;
  const how = { multipart: `multipart/${kind}`, opaque: 'application/pkcs7-mime', inline: 'a block in the text' }[form];
  return `${what} (${by === 'smime' ? 'S/MIME' : 'OpenPGP'}, ${how})`;
}

/** Where an OpenPGP block is looked for, and how much of a structure is decoded. */
const SEARCHED_BYTES = 64 * 1024;
const PEEKED_BYTES = 1024;
/** As it stands, and at the beginning of base64. */
const MARKERS = ['-----BEGIN PGP ', 'LS0tLS1CRUdJTiBQR1Ag'].map((text) => Buffer.from(text));

const OPAQUE_TYPES: ReadonlySet<string> = new Set([
  ...['pkcs7-mime', 'pkcs7-signature'].flatMap((subtype) => [`application/${subtype}`, `application/x-${subtype}`]),
  'application/octet-stream',
]);

type Look = (node: MimeNode, entity: Buffer) => AlreadyProtected | undefined;

/** Looks at the entity with no more of its body than is needed: most mail is large and ordinary. */
function inEntity(message: Canonical, bodyBytes: number, look: Look): AlreadyProtected | undefined {
  const entity = joined(entityOf({ ...message, body: message.body.subarray(0, bodyBytes) }));
  return look(parseMimeTree(entity), entity);
}

function opaque(node: MimeNode, entity: Buffer): AlreadyProtected | undefined {
  const labelled = smimeForm(node) === 'cms';
  if (!labelled && !isSignaturePart(node)) return undefined;
  const kind = kindOf(node, entity);
  return kind === undefined ? undefined : { kind, by: 'smime', form: 'opaque' };
}

/**
 * The structure itself says what it is; `smime-type` only tells certificates from signatures, and speaks for what cannot be read. Compressed
 * content is not protected, and a file with a telling name but any content is a file.
 */
function kindOf(node: MimeNode, entity: Buffer): AlreadyProtected['kind'] | undefined {
  const label = node.parameters.get('smime-type')?.toLowerCase() ?? '';
  const certsOnly = label === 'certs-only' || (label === '' && /\.p7c$/i.test(fileName(node) ?? ''));
  const contentType = contentTypeOf(decodedBody(entity, node));
  switch (contentType) {
    case OID.signedData:
      return certsOnly ? 'certs-only' : 'signed';
    case OID.envelopedData:
    case OID.authEnvelopedData:
    case OID.encryptedData:
      return 'encrypted';
    case undefined:
      break;
    default:
      return undefined;
  }
  if (node.mediaType === 'application/octet-stream' || label === 'compressed-data') return undefined;
  if (certsOnly) return 'certs-only';
  return label === 'signed-data' || isSignaturePart(node) ? 'signed' : 'encrypted';
}

/** The contentType of a ContentInfo (RFC 5652 §3) of which only the beginning is at hand. */
function contentTypeOf(head: Buffer): string | undefined {
  if (head[0] !== 0x30 || head.length < 16) return undefined;
  const length = head[1] ?? 0;
  const offset = length > 0x80 ? 2 + (length & 0x7f) : 2;
  try {
    const element = readBer(head.subarray(offset));
    return element.tag === TAG.oid ? objectIdentifier(element) : undefined;
  } catch (error) {
    if (error instanceof BerError) return undefined;
    throw error;
  }
}

function multipartSigned(node: MimeNode): AlreadyProtected | undefined {
  if (smimeForm(node) === 'multipart-signed') return { kind: 'signed', by: 'smime', form: 'multipart' };
  const protocol = node.parameters.get('protocol')?.toLowerCase() ?? node.children[1]?.mediaType;
  return protocol === 'application/pgp-signature' ? { kind: 'signed', by: 'openpgp', form: 'multipart' } : undefined;
}

function multipartEncrypted(node: MimeNode): AlreadyProtected | undefined {
  const protocol = node.parameters.get('protocol')?.toLowerCase() ?? node.children[0]?.mediaType;
  return protocol === 'application/pgp-encrypted' ? { kind: 'encrypted', by: 'openpgp', form: 'multipart' } : undefined;
}

function inline(root: MimeNode, entity: Buffer): AlreadyProtected | undefined {
  let node: MimeNode | undefined = root;
  while (node?.mediaType.startsWith('multipart/')) node = node.children[0];
  if (node?.mediaType !== 'text/plain') return undefined;
  const head = entity.subarray(node.bodyStart, node.end);
  const [, label] =
    /^\s*-----BEGIN PGP (SIGNED MESSAGE|MESSAGE)-----[ \t]*\r?\n/.exec(plainText(head, node.encoding).toString('latin1')) ?? [];
  return label === undefined ? undefined : { kind: label === 'MESSAGE' ? 'encrypted' : 'signed', by: 'openpgp', form: 'inline' };
}

function plainText(octets: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(octets.toString('latin1'), 'base64');
  return encoding === 'quoted-printable' ? decodeQuotedPrintable(octets) : octets;
}
