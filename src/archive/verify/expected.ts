import { archivePath } from '../path.js';
import type { Claim } from './claim.js';

/** All that the trail says of one original. */
export interface Expected {
  /** Of the original, hex; undefined if unknown (erased). */
  sha256: string | undefined;
  /** Of its file, where that is not the plain original. */
  stored: string | undefined;
  /** Form of its file, as the end of its name says it: `.gz.p7m`; undefined if unknown (erased). */
  form: string | undefined;
  /** The second location has the same files. */
  second: boolean;
  /** Sealed copies by file, with their SHA-256 and where they were seen. */
  kept: Map<string, KeptExpected> | undefined;
  /** A record says that the archive has it; before that the entry may not be there yet. */
  archived: boolean;
  seen: boolean;
  seenSecond: boolean;
}

export interface KeptExpected {
  readonly sha256: string;
  readonly second: boolean;
  seen: boolean;
  seenSecond: boolean;
}

/** What the archive has to hold, by message id, as the records of the trail say it one after the other. */
export class ExpectedArchive {
  private readonly byId = new Map<string, Expected>();

  add(claim: Claim): void {
    const known = this.byId.get(claim.id) ?? nothingKnown();
    this.byId.set(claim.id, known);
    if (claim.kind === 'accepted') known.sha256 = claim.sha256;
    else {
      known.archived = true;
      known.stored = claim.stored ?? known.stored;
      known.form = claim.file === undefined ? known.form : claim.file.replace(archivePath(claim.id), '');
      known.second ||= claim.second;
      for (const [file, sha256] of claim.kept) {
        known.kept ??= new Map();
        known.kept.set(file, { sha256, second: claim.second, seen: false, seenSecond: false });
      }
    }
  }

  find(id: string): Expected | undefined {
    return this.byId.get(id);
  }

  /** Files that a record says are archived, and that nobody has marked as seen. */
  *missing(): Generator<string> {
    for (const [id, { archived, seen, form = '', kept }] of this.byId) {
      if (archived && !seen) yield archivePath(id) + form;
      for (const [file, copy] of kept ?? []) if (!copy.seen) yield file;
    }
  }

  /** The same of the second location. */
  *missingSecond(): Generator<string> {
    for (const [id, { second, seenSecond, form = '', kept }] of this.byId) {
      if (second && !seenSecond) yield archivePath(id) + form;
      for (const [file, copy] of kept ?? []) if (copy.second && !copy.seenSecond) yield file;
    }
  }
}

function nothingKnown(): Expected {
  return {
    sha256: undefined,
    stored: undefined,
    form: undefined,
    second: false,
    kept: undefined,
    archived: false,
    seen: false,
    seenSecond: false,
  };
}
