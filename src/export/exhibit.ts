import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { OpenEntry } from '../archive/decrypt.js';
import { type ArchiveEntry, findEntry, readOriginal } from '../archive/entry.js';
import { archivePath } from '../archive/path.js';
import { sealedEntryNamed } from '../archive/sealed-entry.js';
import { readStoredFile } from '../archive/stored-file.js';
import type { LocatedRecord } from '../audit/located.js';
import { isWait, SealdropError } from '../errors.js';
import { subjectOf } from '../message/envelope.js';
import { findHeader } from '../message/message-start.js';
import { accountOf, type MessageAccount } from './account.js';

/** An archived message as it is handed out. */
export interface Exhibit {
  readonly account: MessageAccount;
  /** Decoded, for people; missing where only the encrypted form is handed out. */
  readonly subject?: string;
  /** Name of the original's file: `<id>.eml`, with further endings as it is stored if it is handed out so. */
  readonly name: string;
  /** One file is in memory at a time. */
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  /** Of `bytes`, hex. */
  readonly sha256: string;
  /** What the hash was held against; without a record of it, nothing can be said. */
  readonly checked: 'recorded when it was accepted' | 'recorded when it was archived' | 'no record of its hash is left';
}

export interface SealedExhibit {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Why something that was asked for is not handed out. */
export interface Problem {
  readonly id: string;
  readonly kind: 'missing' | 'removed' | 'altered' | 'unreadable' | 'sealed-copy-altered' | 'sealed-copy-missing' | 'not-proven';
  readonly text: string;
}

export interface ExhibitOptions {
  readonly archive: string;
  /** Takes the encryption of the archive away. */
  readonly open: OpenEntry | undefined;
  /** Files as they lie in the archive, not opened. */
  readonly asStored: boolean;
}

export type Found = { readonly exhibit: Exhibit } | { readonly problem: Problem };

/**
 * Reads one archived message and holds it against what was recorded: what is not there, or not what was accepted, is a problem and is not
 * handed out. Throws what concerns the whole archive: no key for it, no access, a disk that does not answer.
 */
export function readExhibit(id: string, records: readonly LocatedRecord[], options: ExhibitOptions): Found {
  const account = accountOf(id, records);
  const entry = findEntry(options.archive, id);
  if (entry === undefined) return failed(id, goneAs(account), goneText(account));
  const bytes = readBytes(entry, options);
  if (typeof bytes === 'string') return failed(id, 'unreadable', bytes);
  const sha256 = sha256Of(bytes);
  const isStored = options.asStored && (entry.form.compressed || entry.form.encrypted);
  const expected = isStored ? account.stored?.sha256 : account.accepted?.sha256;
  if (expected !== undefined && expected !== sha256) {
    return failed(
      id,
      'altered',
      `${entry.path} is not what was ${isStored ? 'archived' : 'accepted'}: its SHA-256 is ${sha256}, ${expected} was recorded`,
    );
  }
  const recorded = isStored ? 'recorded when it was archived' : 'recorded when it was accepted';
  const subject = isStored ? undefined : subjectOf({ fields: findHeader(bytes).fields });
  return {
    exhibit: {
      account,
      ...(subject === undefined ? {} : { subject }),
      name: isStored ? entry.path.slice(entry.path.lastIndexOf('/') + 1) : `${id}.eml`,
      bytes,
      sizeBytes: bytes.length,
      sha256,
      checked: expected === undefined ? 'no record of its hash is left' : recorded,
    },
  };
}

/**
 * Copies as they were handed over, where `archive.keepSealed` is `full`; elsewhere there are none. Opened like an original where they are
 * encrypted at rest. One is in memory at a time.
 */
export function* sealedCopiesOf({ id, kept, copies }: MessageAccount, options: ExhibitOptions): Generator<SealedExhibit | Problem> {
  for (const { number, file, sha256: recorded } of kept) {
    const problem = (kind: Problem['kind'], text: string): Problem => ({ id, kind, text: `${file} ${text}` });
    const stored = readKept(id, file, options);
    if (typeof stored === 'string') yield problem('sealed-copy-missing', stored);
    else if (sha256Of(stored) !== recorded) {
      yield problem('sealed-copy-altered', `is not what was archived: its SHA-256 is ${sha256Of(stored)}, ${recorded} was recorded`);
    } else if (options.asStored || !file.endsWith('.p7m')) yield { name: basename(file), bytes: stored, sha256: recorded };
    else {
      const bytes = openKept(stored, file, options);
      const sha256 = sha256Of(bytes);
      if (sha256 === copies.find((copy) => copy.number === number)?.sha256) yield { name: basename(file, '.p7m'), bytes, sha256 };
      else yield problem('sealed-copy-altered', 'holds something else than was handed over');
    }
  }
}

/** A string says why there is none. A record that was forged names any path: only that of a copy of this message is read. */
function readKept(id: string, file: string, { archive }: ExhibitOptions): Buffer | string {
  if (sealedEntryNamed(file)?.id !== id) return 'is not where the archive keeps copies of this message';
  try {
    return readStoredFile(`${archive}/${file}`);
  } catch (error) {
    if (error instanceof SealdropError && error.code === 'archive-unreadable') return 'is not a regular file';
    if (isWait(error) && error.code === 'directory-missing') return 'is not there';
    throw error;
  }
}

function openKept(stored: Buffer, file: string, { open }: ExhibitOptions): Buffer {
  if (open !== undefined) return open(stored);
  throw new SealdropError('archive-encrypted', `${file} is encrypted`, {
    disposition: 'fatal',
    cure: 'Give the key of one of the certificates in archive.encryptTo with --key, or take the files --as-stored.',
  });
}

function readBytes(entry: ArchiveEntry, { archive, open, asStored }: ExhibitOptions): Buffer | string {
  try {
    return asStored ? readStoredFile(`${archive}/${entry.path}`) : readOriginal(archive, entry, open);
  } catch (error) {
    // One damaged file is no reason to keep the others back.
    if (error instanceof SealdropError && damaged.has(error.code)) return error.message;
    // Removed since it was found.
    if (isWait(error) && error.code === 'directory-missing') return `${entry.path} is not there any more`;
    throw error;
  }
}

const damaged = new Set(['archive-unreadable', 'archive-no-key', 'cannot-decrypt', 'broken-cms', 'unsupported-cms']);

function goneAs({ removed }: MessageAccount): Problem['kind'] {
  return removed === undefined ? 'missing' : 'removed';
}

function goneText({ id, removed, records }: MessageAccount): string {
  if (removed !== undefined) return `it was removed from the archive (record "${removed.event}" of ${removed.time})`;
  if (records.length === 0) return `neither the archive (${archivePath(id)}) nor the trail knows it`;
  return `${archivePath(id)} is not in the archive; its records are in the trail`;
}

function failed(id: string, kind: Problem['kind'], text: string): Found {
  return { problem: { id, kind, text } };
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
