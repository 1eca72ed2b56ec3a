import type { HeaderField } from './field.js';
import { isNamed, makeField } from './field.js';
import type { MimeNode } from './mime-tree.js';

/** Octets from `start` to `end` are replaced by `bytes`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** `bytes` with all edits made; they must not overlap. `between` may convert what stands between them. */
export function applyEdits(
  bytes: Buffer,
  edits: readonly Edit[],
  start: number,
  between: (kept: Buffer) => Buffer = (kept) => kept,
): Buffer {
  const pieces: Buffer[] = [];
  let at = start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(between(bytes.subarray(at, edit.start)), edit.bytes);
    at = edit.end;
  }
  pieces.push(between(bytes.subarray(at)));
  return Buffer.concat(pieces);
}

/** Edits that give an entity this Content-Transfer-Encoding: its field rewritten, or one added at the header's end. */
export function relabelEdits(node: MimeNode, encoding: string): Edit[] {
  const [first, ...others] = node.fields.filter((field) => isNamed(field, LABEL));
  if (first === undefined) return [{ start: node.headerEnd, end: node.headerEnd, bytes: makeField(LABEL, encoding).raw }];
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
