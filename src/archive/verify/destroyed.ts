import { existsSync } from 'node:fs';
import { detailsName } from '../../audit/files.js';
import type { Finding } from '../../audit/finding.js';
import type { VerifiedRecord } from '../../audit/verify-segment.js';
import { IdSet } from '../../id-set.js';
import { daysOf, storedFiles } from '../destroy.js';
import { archivePath } from '../path.js';

/** What one record says of a message that was destroyed (purged or erased), or of details that are not there any more. Plain data. */
export type DestroyedClaim =
  | { readonly kind: 'destroyed'; readonly id: string }
  | { readonly kind: 'details-erased'; readonly id: string | undefined; readonly seq: number; readonly time: string };

export function destroyedClaimOf({ record: { id, event, seq, time }, found }: VerifiedRecord): DestroyedClaim | undefined {
  if (found.kind === 'erased') return { kind: 'details-erased', id, seq, time };
  return id !== undefined && (event === 'purged' || event === 'erased') ? { kind: 'destroyed', id } : undefined;
}

/** The messages that records say are destroyed, held against what is there: nothing of them may be, and of no other may anything be missing. */
export class DestroyedMessages {
  private readonly ids = new IdSet();
  private readonly erased = new IdSet();
  /** Record and time of the first details that were erased, in the order of `erased`. */
  private readonly where: { readonly seq: number; readonly time: string }[] = [];
  private readonly found: Finding[] = [];

  add(claim: DestroyedClaim): void {
    if (claim.kind === 'destroyed') this.ids.add(claim.id);
    else if (claim.id === undefined) this.found.push(erasedWithoutRecord(claim));
    else if (this.erased.add(claim.id)) this.where.push({ seq: claim.seq, time: claim.time });
  }

  /** Whether a path in the archive is that of a message that was destroyed. */
  isAbout(path: string): boolean {
    const id = /([0-9a-f]{8}-[0-9a-f-]{27})(?:-\d+)?\.eml/.exec(path)?.[1];
    return id !== undefined && this.ids.has(id);
  }

  /** After the last claim. */
  *findings(archive: string): Generator<Finding> {
    yield* this.found;
    for (const [index, place] of this.where.entries()) if (!this.ids.has(this.erased.at(index))) yield erasedWithoutRecord(place);
    const left: string[] = [];
    for (const day of daysOf(this.ids))
      for (const { path } of storedFiles(`${archive}/${day}`, this.ids)) left.push(path.slice(archive.length + 1));
    // A purge may be at work: asked again when all has been looked at.
    for (const file of left)
      if (existsSync(`${archive}/${file}`)) yield unfinished(file, 'its message is recorded as destroyed, and it is there');
    for (const id of this.ids)
      if (!this.erased.has(id)) yield unfinished(archivePath(id), 'its message is recorded as destroyed, and details about it are there');
  }
}

function unfinished(file: string, text: string): Finding {
  return { kind: 'purge-unfinished', file, text };
}

/** The file is named by the day of the record; there may be several of that day. */
function erasedWithoutRecord({ seq, time }: { seq: number; time: string }): Finding {
  return {
    kind: 'details-erased-without-record',
    file: detailsName(time.slice(0, 10)),
    text: `the details of record ${seq} are erased, and no record says why`,
  };
}
