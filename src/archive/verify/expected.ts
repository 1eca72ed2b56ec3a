import type { Claim } from './claim.js';

/** All that the trail says of one original. */
export interface Expected {
  /** Of the original, hex; undefined if unknown (erased). */
  sha256: string | undefined;
  /** Of its file, where that is not the plain original. */
  stored: string | undefined;
  /** A record says that the archive has it; before that the entry may not be there yet. */
  archived: boolean;
  seen: boolean;
}

/** What the archive has to hold, by message id, as the records of the trail say it one after the other. */
export class ExpectedArchive {
  private readonly byId = new Map<string, Expected>();

  add(claim: Claim): void {
    const known = this.byId.get(claim.id) ?? { sha256: undefined, stored: undefined, archived: false, seen: false };
    this.byId.set(claim.id, known);
    if (claim.kind === 'accepted') known.sha256 = claim.sha256;
    else {
      known.archived = true;
      known.stored = claim.stored ?? known.stored;
    }
  }

  find(id: string): Expected | undefined {
    return this.byId.get(id);
  }

  /** Ids that a record says are archived, and that nobody has marked as seen. */
  *missing(): Generator<string> {
    for (const [id, { archived, seen }] of this.byId) if (archived && !seen) yield id;
  }
}
