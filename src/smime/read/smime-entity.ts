import { parseParameterised } from '../../message/content-type.js';
import { fieldsNamed, rawValue } from '../../message/field.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { decodeQuotedPrintable } from '../../message/transfer-encoding.js';
import { decodeBase64 } from './base64.js';

/** What S/MIME makes of an entity (RFC 8551 §3.2, §3.5, §3.8); undefined: nothing. */
export type SmimeForm = 'cms' | 'multipart-signed' | undefined;

/** Judges by media type; what a CMS blob really is, its ContentInfo says, not `smime-type`. */
export function smimeForm(node: MimeNode): SmimeForm {
  if (CMS_TYPES.has(node.mediaType)) return 'cms';
  if (node.mediaType === 'application/octet-stream' && /\.p7[mcz]$/i.test(fileName(node) ?? '')) return 'cms';
  if (node.mediaType !== 'multipart/signed') return undefined;
  const protocol = node.parameters.get('protocol')?.toLowerCase() ?? node.children[1]?.mediaType ?? '';
  return SIGNATURE_TYPES.has(protocol) ? 'multipart-signed' : undefined;
}

/** Whether a part is the detached signature of a multipart/signed. */
export function isSignaturePart(node: MimeNode): boolean {
  return SIGNATURE_TYPES.has(node.mediaType) || (node.mediaType === 'application/octet-stream' && /\.p7s$/i.test(fileName(node) ?? ''));
}

/** The name under which a part is to be saved; Content-Disposition's before Content-Type's. */
export function fileName(node: MimeNode): string | undefined {
  const [field] = fieldsNamed(node.fields, 'Content-Disposition');
  const disposition = field === undefined ? undefined : parseParameterised(rawValue(field));
  const named = disposition?.parameters.find(([name]) => name === 'filename' || name.startsWith('filename*'));
  return named?.[1] ?? node.parameters.get('name');
}

/** The octets of a part's body with its Content-Transfer-Encoding taken off (RFC 2045 §6). */
export function decodedBody(bytes: Buffer, node: MimeNode): Buffer {
  const body = bytes.subarray(node.bodyStart, node.end);
  if (node.encoding === 'binary' || node.encoding === '8bit') return body;
  if (node.encoding === 'quoted-printable') return decodeQuotedPrintable(body);
  // CMS is never 7-bit: what is labelled so, or not at all, is base64 whose label was lost.
  return decodeBase64(body);
}

const CMS_TYPES: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);
const SIGNATURE_TYPES: ReadonlySet<string> = new Set(['application/pkcs7-signature', 'application/x-pkcs7-signature']);
