import type { Canonical } from '../../message/canonical.js';
import type { Edit } from '../../message/edits.js';
import { type HeaderField, isNamed } from '../../message/field.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { mayClaimProtection, withoutProtection } from './content-type-parameters.js';

/**
 * The message without what only a sealer may say of header protection: `hp` and `hp-legacy-display` at its root, and
 * HP-Outer fields. Whoever submits it must not be able to make a header look protected that is not, or something else
 * than what was hidden look hidden.
 */
export function withoutForgedProtection(message: Canonical): Canonical {
  const changes: string[] = [];
  const fields = message.fields.flatMap((field): HeaderField[] => {
    if (isNamed(field, 'HP-Outer')) {
      changes.push('hp-outer-removed');
      return [];
    }
    if (!isNamed(field, 'Content-Type') || !mayClaimProtection(field)) return [field];
    const clean = withoutProtection(field);
    if (clean !== field) changes.push('hp-parameters-removed 1');
    return [clean];
  });
  return changes.length === 0 ? message : { ...message, fields, changes: [...new Set([...message.changes, ...changes])] };
}

/**
 * Edits that take `hp` and `hp-legacy-display` from the parts below the root. Attached messages, and what somebody else
 * signed, are left as they are: no reader looks for header protection there (RFC 9788 §4.1).
 */
export function forgedPartEdits(root: MimeNode): { edits: Edit[]; changes: string[] } {
  const edits: Edit[] = [];
  const changes: string[] = [];
  const pending = childrenOf(root);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const field of node.fields) {
      if (!isNamed(field, 'Content-Type')) continue;
      const clean = withoutProtection(field);
      if (clean === field) continue;
      edits.push({ start: field.offset, end: field.offset + field.raw.length, bytes: clean.raw });
      changes.push(`hp-parameters-removed ${node.path}`);
    }
    pending.push(...childrenOf(node));
  }
  return { edits, changes };
}

function childrenOf({ mediaType, children }: MimeNode): MimeNode[] {
  return mediaType.startsWith('message/') || mediaType === 'multipart/signed' ? [] : [...children];
}
