import { ambiguousHeader, lineOf } from './faults.js';
import type { HeaderField } from './field.js';
import { isNamed, makeField } from './field.js';
import { isAttachedMboxLine } from './message-start.js';
import type { MimeNode } from './mime-tree.js';

/** Octets from `start` to `end` are replaced by `bytes`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** `bytes` with all edits made; they must not overlap. `between` may convert what stands between them. */
export function applyEdits(bytes: Buffer, edits: readonly Edit[], start: number, between?: (kept: Buffer) => Buffer): Buffer {
  return Buffer.concat(editedPieces(bytes, edits, start, between));
}

/** The same in pieces, without a copy of what stays. */
export function editedPieces(
  bytes: Buffer,
  edits: readonly Edit[],
  start: number,
  between: (kept: Buffer) => Buffer = (kept) => kept,
): Buffer[] {
  const pieces: Buffer[] = [];
  let at = start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(between(bytes.subarray(at, edit.start)), edit.bytes);
    at = edit.end;
  }
  pieces.push(between(bytes.subarray(at)));
  return pieces;
}

/**
 * Edits that give an entity this Content-Transfer-Encoding: its field rewritten, or one added.
 * @throws SealdropError ambiguous-header when there is no place where every reader would see the new field
 */
export function relabelEdits(bytes: Buffer, node: MimeNode, encoding: string): Edit[] {
  const [first, ...others] = node.fields.filter((field) => isNamed(field, LABEL));
  if (first === undefined) {
    const at = placeForField(bytes, node);
    return [{ start: at, end: at, bytes: makeField(LABEL, encoding).raw }];
  }
  return [
    { start: first.offset, end: first.offset + first.raw.length, bytes: makeField(first.name, encoding).raw },
    ...others.map(({ offset, raw }) => ({ start: offset, end: offset + raw.length, bytes: Buffer.alloc(0) })),
  ];
}

/** The same for a header that is written anew. */
export function relabelFields<F extends HeaderField>(fields: readonly F[], encoding: string): (F | HeaderField)[] {
  const first = fields.find((field) => isNamed(field, LABEL));
  if (first === undefined) return [...fields, makeField(LABEL, encoding)];
  return fields.flatMap((field) => (field === first ? [makeField(first.name, encoding)] : isNamed(field, LABEL) ? [] : [field]));
}

const LABEL = 'Content-Transfer-Encoding';

/** After the first run of fields: behind a line that is no field some readers do not look. */
function placeForField(bytes: Buffer, { fields, start }: MimeNode): number {
  if (fields[0]?.offset === start || (fields.length > 0 && isAttachedMboxLine(bytes, start))) {
    return fields.reduce((end, { offset, raw }) => (offset === end ? offset + raw.length : end), fields[0]?.offset ?? start);
  }
  // A continuation line without a field before it would continue ours.
  if (/^[ \t]+[^ \t\r\n]/.test(bytes.toString('latin1', start, start + 998))) {
    throw ambiguousHeader('the header of a part begins with a continuation line', lineOf(bytes, start));
  }
  return start;
}
