import { parseParameterised } from '../../message/content-type.js';
import { fieldsNamed, rawValue } from '../../message/field.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { fileName } from '../read/smime-entity.js';

/**
 * The text parts a reader sees as the message (RFC 9787 §7.1): of a multipart/alternative every part, of any other
 * multipart the first. Never an attachment, an attached message, or what somebody else signed or encrypted.
 */
export function mainBodyParts(root: MimeNode): MimeNode[] {
  return partsOf(root).slice(0, MAX_PARTS);
}

/** Nobody writes so many alternatives; each costs a look into its text. */
const MAX_PARTS = 50;

function partsOf(node: MimeNode): MimeNode[] {
  if (node.mediaType === 'text/plain' || node.mediaType === 'text/html') return isAttachment(node) ? [] : [node];
  const [first] = node.children;
  if (!node.mediaType.startsWith('multipart/') || OPAQUE.has(node.mediaType) || first === undefined || isAttachment(node)) return [];
  if (node.mediaType === 'multipart/alternative') return node.children.flatMap(partsOf);
  return node.mediaType === 'multipart/related' && !isRootOf(node, first) ? [] : partsOf(first);
}

const OPAQUE: ReadonlySet<string> = new Set(['multipart/signed', 'multipart/encrypted']);

function isAttachment(node: MimeNode): boolean {
  const [field] = fieldsNamed(node.fields, 'Content-Disposition');
  const disposition = field === undefined ? undefined : parseParameterised(rawValue(field))?.value;
  return disposition === 'attachment' || fileName(node) !== undefined;
}

/** RFC 2387 §3.2: `start` may name another part than the first. */
function isRootOf(related: MimeNode, first: MimeNode): boolean {
  const start = related.parameters.get('start');
  const [id] = fieldsNamed(first.fields, 'Content-ID');
  return start === undefined || (id !== undefined && rawValue(id) === start);
}
