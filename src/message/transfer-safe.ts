import { applyEdits, type Edit, relabelEdits, relabelFields } from './edits.js';
import { messageTooComplex } from './faults.js';
import type { HeaderField } from './field.js';
import { findHeader } from './message-start.js';
import { isIdentity, type MimeNode, walkMime } from './mime-tree.js';
import { endsInCrlf, isTransferSafe, needsEncoding, trimEnd } from './safe-octets.js';
import { sevenBitField } from './seven-bit.js';
import { decodeQuotedPrintable, encodeBase64, encodeQuotedPrintable, repairBase64 } from './transfer-encoding.js';

export interface TransferSafe {
  readonly entity: Buffer;
  readonly changes: string[];
}

/**
 * Makes an entity (CRLF) fit to be signed in the clear, see `transferSafeEntityOf`. `shortcut: false` leaves out the short
 * way for entities in which nothing has to change: the tests show that both ways give the same.
 */
export function makeTransferSafe(entity: Buffer, { shortcut = true } = {}): TransferSafe {
  const { fields, start, end, bodyStart } = findHeader(entity);
  const { root, unread } = walkMime(entity, { fields, start, headerEnd: end, bodyStart });
  const octetsAreSafe = isTransferSafe(entity);
  if (shortcut && octetsAreSafe && endsInCrlf(entity) && !hasEightBitLabel(root)) return { entity, changes: [] };
  if (unread.length > 0 && !octetsAreSafe) {
    throw messageTooComplex(
      'the message must be re-encoded to be signed, and is nested deeper than 100 levels or has more than 10,000 parts',
    );
  }

  const work: Work = { bytes: entity, edits: [], changes: [] };
  visit(work, root, false);
  const safe = applyEdits(entity, work.edits, 0);
  if (endsInCrlf(safe)) return { entity: safe, changes: work.changes };
  return { entity: Buffer.concat([safe, CRLF]), changes: [...work.changes, 'final-line-end-added'] };
}

interface Work {
  readonly bytes: Buffer;
  readonly edits: Edit[];
  readonly changes: string[];
}

const CRLF = Buffer.from('\r\n');
const SOFT_BREAK = Buffer.from('=\r\n');

function hasEightBitLabel(node: MimeNode): boolean {
  return isEightBit(node.encoding) || node.children.some(hasEightBitLabel);
}

function isEightBit(encoding: string): boolean {
  return encoding === '8bit' || encoding === 'binary';
}

/**
 * `signed`: the first part of a multipart/signed that came so. Its octets are what a signature is over: those that can be sent at all stay as
 * they are, whatever a relay might do to them, for changing them would break the signature for certain. A change that must be is recorded.
 */
function visit(work: Work, node: MimeNode, signed: boolean): void {
  if (signed && !needsEncoding(work.bytes.subarray(node.start, node.end))) return;
  const encoding = node.children.length === 0 ? encodeLeaf(work, node) : encodeContainer(work, node);
  encodeHeader(work, node, encoding);
  if (signed) work.changes.push(`signed-part-altered ${node.path}`);
}

/** Returns the encoding the leaf must be labelled with from now on, which may be the one it has. */
function encodeLeaf({ bytes, edits, changes }: Work, leaf: MimeNode): string {
  const octets = bytes.subarray(leaf.bodyStart, leaf.end);
  const replace = (encoding: string, encoded: Buffer): string => {
    edits.push({ start: leaf.bodyStart, end: leaf.end, bytes: encoded });
    changes.push(`part-to-${encoding} ${leaf.path}`);
    return encoding;
  };
  const text = leaf.mediaType.startsWith('text/') || leaf.mediaType.startsWith('message/');
  // The entity will end in CRLF. Where that would add to the content of its last leaf, the encoding must hide it; at the
  // end of a text a line end is no change.
  const unended = leaf.end === bytes.length && octets.length > 0 && !endsInCrlf(octets);

  if (leaf.encoding === 'base64') return isTransferSafe(octets) ? 'base64' : replace('base64', repairBase64(octets));
  if (leaf.encoding === 'quoted-printable') {
    if (!isTransferSafe(octets)) return replace('quoted-printable', encodeText(decodeQuotedPrintable(octets), unended));
    if (unended) edits.push({ start: leaf.end, end: leaf.end, bytes: SOFT_BREAK });
    return 'quoted-printable';
  }
  // What an unknown label means is unknown: such octets are touched only when they cannot stay.
  const unsafe = isIdentity(leaf.encoding) ? !isTransferSafe(octets) || (unended && !text) : needsEncoding(octets);
  if (unsafe) return text ? replace('quoted-printable', encodeText(octets, unended)) : replace('base64', encodeBase64(octets));
  return sevenBit(changes, leaf);
}

function encodeText(octets: Buffer, unended: boolean): Buffer {
  const encoded = encodeQuotedPrintable(octets);
  return unended && !endsInCrlf(encoded) ? Buffer.concat([encoded, SOFT_BREAK]) : encoded;
}

function encodeContainer(work: Work, node: MimeNode): string {
  let at = node.bodyStart;
  node.children.forEach((child, i) => {
    cleanBetween(work, node, at, child.start, i === 0 ? 'preamble' : undefined);
    visit(work, child, i === 0 && node.mediaType === 'multipart/signed');
    at = child.end;
  });
  if (node.closed) cleanBetween(work, node, at, node.end, 'epilogue');
  return sevenBit(work.changes, node);
}

/** A label that promises more than ASCII invites relays to convert the part. */
function sevenBit(changes: string[], node: MimeNode): string {
  if (!isEightBit(node.encoding)) return node.encoding;
  changes.push(`label-to-7bit ${node.path}`);
  return '7bit';
}

/**
 * Octets around a delimiter line, and the text before the first and after the last one, which readers ignore (RFC 2046
 * §5.1.1). Blanks after the delimiter are cut off; such text is left out when it cannot stay: it cannot be encoded.
 */
function cleanBetween({ bytes, edits, changes }: Work, node: MimeNode, start: number, end: number, text?: 'preamble' | 'epilogue'): void {
  const between = bytes.subarray(start, end);
  if (isTransferSafe(between)) return;
  const [from, to] = text === 'epilogue' ? firstLine(between) : lastLine(between);
  const written = between.toString('latin1', from, to);
  const delimiter = trimEnd(written);
  const before = between.subarray(0, from);
  const after = between.subarray(to);
  const dropped = (text === 'preamble' && !isTransferSafe(before)) || (text === 'epilogue' && !isTransferSafe(after));
  const kept = [
    text === 'preamble' && dropped ? NOTHING : before,
    Buffer.from(delimiter, 'latin1'),
    text === 'epilogue' && dropped ? NOTHING : after,
  ];
  edits.push({ start, end, bytes: Buffer.concat(kept) });
  if (dropped) changes.push(`${text}-removed ${node.path}`);
  if (delimiter !== written) changes.push(`delimiter-blanks-removed ${node.path}`);
}

const NOTHING = Buffer.alloc(0);

/** From and to of the first line that is not empty, or all. */
function firstLine(octets: Buffer): [number, number] {
  const from = octets.subarray(0, 2).equals(CRLF) ? 2 : 0;
  const to = octets.indexOf(CRLF, from);
  return [from, to === -1 ? octets.length : to];
}

function lastLine(octets: Buffer): [number, number] {
  const to = endsInCrlf(octets) ? octets.length - 2 : octets.length;
  const crlf = octets.subarray(0, to).lastIndexOf(CRLF);
  return [crlf === -1 ? 0 : crlf + 2, to];
}

/** Sets the label, and rewrites a header that is not safe: lines that are no field go, fields see `safeField`. */
function encodeHeader({ bytes, edits, changes }: Work, node: MimeNode, encoding: string): void {
  const relabelled = encoding !== node.encoding;
  if (isTransferSafe(bytes.subarray(node.start, node.headerEnd))) {
    if (relabelled) edits.push(...relabelEdits(bytes, node, encoding));
    return;
  }
  const fields = relabelled ? relabelFields(node.fields, encoding) : node.fields;
  edits.push({ start: node.start, end: node.headerEnd, bytes: Buffer.concat(fields.map(safeField)) });
  changes.push(`part-header-encoded ${node.path}`);
}

/** ASCII, no over-long line, no blank at a line's end, no line of blanks only. */
function safeField(field: HeaderField): Buffer {
  const { raw } = sevenBitField(field).field;
  const lines = raw.toString('latin1').split('\r\n').map(trimEnd);
  return Buffer.from(`${lines.filter((line) => line !== '').join('\r\n')}\r\n`, 'latin1');
}
