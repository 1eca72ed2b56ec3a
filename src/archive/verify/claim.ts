import type { VerifiedRecord } from '../../audit/verify-segment.js';

/** What one record of the trail says of the archive. */
export type Claim =
  /** There is an original of this hash; it may not be in the archive yet. Without its details (erased) nothing is known of it. */
  | { readonly kind: 'accepted'; readonly id: string; readonly sha256: string | undefined }
  /** The archive has it. `stored`: SHA-256 of its file where that is not the plain original. */
  | { readonly kind: 'archived'; readonly id: string; readonly stored: string | undefined };

/** Undefined for a record that says nothing of the archive. The detail is looked at only where it does. */
export function claimOf(verified: VerifiedRecord): Claim | undefined {
  const { id, event } = verified.record;
  if (id === undefined) return undefined;
  switch (event) {
    case 'accepted':
      return { kind: 'accepted', id, sha256: textAt(verified.detail, 'sha256') };
    case 'intent':
    case 'dropped':
      return { kind: 'archived', id, stored: textAt(memberOf(verified.detail, 'stored'), 'sha256') };
    default:
      return undefined;
  }
}

function textAt(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
