import type { VerifiedRecord } from '../../audit/verify-segment.js';
import { archivePath } from '../path.js';
import { quickArchived, quickSha256 } from './quick-facts.js';

/** What one record of the trail says of the archive. */
export type Claim =
  /** There is an original of this hash; it may not be in the archive yet. Without its details (erased) nothing is known of it. */
  | { readonly kind: 'accepted'; readonly id: string; readonly sha256: string | undefined }
  /** The archive has it. */
  | { readonly kind: 'archived'; readonly id: string; readonly facts: ArchivedFacts | undefined };

/** What the detail says of the files. */
export interface ArchivedFacts {
  /** Of the entry, relative to the archive. */
  readonly file: string;
  /** SHA-256 of that file where it is not the plain original. */
  readonly stored: string | undefined;
  /** The second location has the same files. */
  readonly second: boolean;
  /** Sealed copies beside it. */
  readonly kept: readonly { readonly number: number; readonly file: string; readonly sha256: string }[];
}

/** Undefined for a record that says nothing of the archive. The detail is looked at only where it does. */
export function claimOf(verified: VerifiedRecord): Claim | undefined {
  const { id, event } = verified.record;
  const { found } = verified;
  if (id === undefined) return undefined;
  switch (event) {
    case 'accepted':
      return { kind: 'accepted', id, sha256: found.kind === 'detail' ? acceptedSha256(verified, found.text) : undefined };
    case 'intent':
    case 'dropped':
      return {
        kind: 'archived',
        id,
        facts: found.kind === 'detail' ? (quickArchived(found.text) ?? archivedFacts(verified.detail)) : undefined,
      };
    default:
      return undefined;
  }
}

function acceptedSha256(verified: VerifiedRecord, detail: Buffer): string | undefined {
  return quickSha256(detail) ?? (verified.detail as { sha256?: string }).sha256;
}

/**
 * Whether a record says something of the archive in a form that sealdrop never wrote: its hash is good, so whoever made it wrote the chain
 * anew. It is told as a finding, lest such a record end the verification that would find what else was done.
 */
export function isForged(verified: VerifiedRecord): boolean {
  const { event, id } = verified.record;
  if (!aboutArchive.has(event) || id === undefined) return false;
  if (!uuid.test(id)) return true;
  const { found } = verified;
  if (found.kind !== 'detail' || event === 'purged' || event === 'erased') return false;
  // What is read without parsing has the form that we write.
  if ((event === 'accepted' ? quickSha256(found.text) : quickArchived(found.text)) !== undefined) return false;
  const detail = verified.detail;
  if (!isObject(detail)) return true;
  const { sha256, archive, stored, kept } = detail;
  if (event === 'accepted') return !isAbsentOr(isHash)(sha256);
  const isStored = (value: unknown) => isObject(value) && isHash(value.sha256);
  const isKept = (value: unknown) => Array.isArray(value) && value.every(isKeptCopy);
  return !(isAbsentOr((value) => typeof value === 'string')(archive) && isAbsentOr(isStored)(stored) && isAbsentOr(isKept)(kept));
}

const aboutArchive: ReadonlySet<string> = new Set(['accepted', 'intent', 'dropped', 'purged', 'erased']);
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** As rows hold it. */
const mostCopies = 0xffff;

function isKeptCopy(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { number, file, sha256 } = value;
  return (
    typeof number === 'number' &&
    Number.isInteger(number) &&
    number > 0 &&
    number <= mostCopies &&
    typeof file === 'string' &&
    isHash(sha256)
  );
}

function isAbsentOr(is: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || is(value);
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The facts in the detail of a record that says the archive has something. */
export function archivedFacts(detail: unknown): ArchivedFacts {
  const { archive = '', stored, second, kept = [] } = detail as Partial<Recorded>;
  return { file: archive, stored: stored?.sha256, second: second === true, kept };
}

/** The end of a stored file's name that says its form: `.gz.p7m`, empty for the plain original. */
export function formOf(file: string, id: string): string {
  return file.slice(archivePath(id).length);
}

/** See EventDetails. */
interface Recorded {
  readonly archive: string;
  readonly stored: { readonly sha256: string };
  readonly second: true;
  readonly kept: ArchivedFacts['kept'];
}
