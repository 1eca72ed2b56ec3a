import type { VerifiedRecord } from '../../audit/verify-segment.js';

/** What one record of the trail says of the archive. */
export type Claim =
  /** There is an original of this hash; it may not be in the archive yet. Without its details (erased) nothing is known of it. */
  | { readonly kind: 'accepted'; readonly id: string; readonly sha256: string | undefined }
  | ({ readonly kind: 'archived'; readonly id: string } & ArchivedFacts);

/** What a record says of what the archive has. */
export interface ArchivedFacts {
  /** Of its file, relative to the archive; undefined if unknown (erased). */
  readonly file: string | undefined;
  /** SHA-256 of its file where that is not the plain original. */
  readonly stored: string | undefined;
  /** The second location has the same. */
  readonly second: boolean;
  /** SHA-256 by file of each sealed copy that is kept. */
  readonly kept: ReadonlyMap<string, string>;
}

/** Undefined for a record that says nothing of the archive. The detail is looked at only where it does. */
export function claimOf(verified: VerifiedRecord): Claim | undefined {
  const { id, event } = verified.record;
  if (id === undefined) return undefined;
  switch (event) {
    case 'accepted':
      return { kind: 'accepted', id, sha256: textAt(verified.detail, 'sha256') };
    case 'intent':
    case 'dropped':
      return { kind: 'archived', id, ...archivedFacts(verified.detail) };
    default:
      return undefined;
  }
}

/** The facts in the detail of a record that says the archive has something. */
export function archivedFacts(detail: unknown): ArchivedFacts {
  const kept = memberOf(detail, 'kept');
  return {
    file: textAt(detail, 'archive'),
    stored: textAt(memberOf(detail, 'stored'), 'sha256'),
    second: memberOf(detail, 'second') === true,
    kept: Array.isArray(kept) ? new Map(kept.map((copy) => [textAt(copy, 'file') ?? '', textAt(copy, 'sha256') ?? ''])) : none,
  };
}

const none: ReadonlyMap<string, string> = new Map();

function textAt(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
