import { findEntry } from '../../archive/entry.js';
import { archivePath } from '../../archive/path.js';
import { type Entry, newEntry } from '../../audit/record.js';
import type { TrailRecord } from '../../audit/trail.js';
import type { BadDirectory, BadFile } from '../../delivery/pickup/bad-directory.js';
import { removeIfThere, syncDirectory } from '../../disk/durable.js';
import { SealdropError } from '../../errors.js';
import { timeOfMessageId } from '../../message-id.js';
import type { Plan } from '../../policy/plan.js';
import { copyName, type SpoolLayout } from '../../spool/layout.js';
import { copyFile, copyIdOf, placeRefused, type RefusedCopy, temporaryName, writeRefused } from '../../spool/refused-copy.js';
import type { EventDetails } from '../events.js';

export interface RefusedWorld {
  readonly layout: SpoolLayout;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly trailOf: (ids: ReadonlySet<string>, since: Date) => Promise<Map<string, TrailRecord[]>>;
  readonly now: () => Date;
  /** Told of each copy that is in the bad directory, and how many of its message were handed over together. */
  readonly refused: (id: string, number: number, of: number) => void;
  /** Told of each copy that is now held. */
  readonly held: (copy: RefusedCopy) => void;
  /** Told of each file that bears an id of ours and cannot be taken. */
  readonly passed: (file: BadFile, why: string) => void;
}

/**
 * Takes what the MTA refused out of its bad directory into quarantine, as it is: for each file a durable copy, a durable note, the record,
 * the place in quarantine, and only then the MTA's file goes. The bad directory may be on another mount. Killed in between: the MTA's file
 * is still there, is found again, and what is done already is done again to the same end; a record of the same file is not written twice.
 * Nothing is ever sent again from here: that is a person's decision (`queue release`).
 */
export async function takeRefused(world: RefusedWorld, bad: BadDirectory, found: readonly BadFile[]): Promise<void> {
  const ids = new Set(found.map(({ id }) => id));
  const since = new Date(Math.min(...found.map(({ id }) => timeOfMessageId(id).getTime())));
  const trail = await world.trailOf(ids, since);
  let taken = 0;
  for (const file of found) {
    const wanted = recordedCopy(trail.get(file.id) ?? [], file);
    if (wanted === undefined) {
      bad.pass(file);
      world.passed(file, 'no record of this audit trail names it');
    } else if (await takeOrPass(world, bad, file, wanted)) taken++;
  }
  if (taken > 0) syncDirectory(bad.path);
}

/** A file that may not be read or removed is passed over, and somebody told; a full disk is waited for. */
async function takeOrPass(world: RefusedWorld, bad: BadDirectory, found: BadFile, wanted: RecordedCopy): Promise<boolean> {
  world.refused(found.id, found.number, wanted.of);
  try {
    if (!wanted.decided) await hold(world, bad, found, wanted);
    removeIfThere(`${bad.path}/${found.name}`);
    return true;
  } catch (error) {
    if (!(error instanceof SealdropError) || error.code !== 'no-access') throw error;
    bad.pass(found);
    world.passed(found, error.message);
    return false;
  }
}

/** What the trail says of a copy. */
interface RecordedCopy {
  readonly file: string;
  readonly sha256: string;
  readonly recipients: readonly string[];
  /** How many copies of its message were committed together, this one among them. */
  readonly of: number;
  /** This file of it is recorded as rejected already, and a person has decided about it since. */
  readonly recorded: boolean;
  readonly decided: boolean;
}

async function hold({ layout, audit, now, held }: RefusedWorld, bad: BadDirectory, found: BadFile, wanted: RecordedCopy): Promise<void> {
  const { id, number, name, stamp } = found;
  const copied = await copyFile(`${bad.path}/${name}`, `${layout.refused}/${temporaryName(copyName(id, number))}`, 0o600);
  if (copied === undefined) return;
  const unaltered = copied.sha256 === wanted.sha256;
  const { file, recipients } = wanted;
  const words = rejectedByMta(found, recipients, unaltered);
  const time = now().toISOString();
  const copy = {
    version: 1,
    id,
    number,
    file,
    foundAs: name,
    stamp,
    time,
    ...words,
    archive: findEntry(layout.archive, id)?.path ?? archivePath(id),
    ...copied,
    unaltered,
    recipients,
  } as const;
  writeRefused(layout.refused, copy);
  const detail: EventDetails['rejected'] = { number, copy };
  if (!wanted.recorded) await audit.append([newEntry('rejected', { id, outcome: copy.code }, detail)]);
  placeRefused(layout.refused, copy);
  held(copy);
}

function rejectedByMta({ id, number, name }: BadFile, recipients: readonly string[], unaltered: boolean) {
  const altered = unaltered ? '' : ', and its bytes are no longer those that were handed over';
  const again = unaltered
    ? `"sealdrop queue release ${copyIdOf({ id, number })}" hands this file over again, "sealdrop queue drop" gives it up.`
    : 'It cannot be handed over again; "sealdrop queue drop" gives it up, and the original is in the archive.';
  return {
    code: 'rejected-by-mta',
    message: `the MTA has put the copy for ${recipients.join(', ')} into its bad directory as ${name}${altered}`,
    cure: `Its log says why. Mend the cause; then ${again}`,
  };
}

/** The copy of that number as the trail knows it: sealed for its message, or staged again from a rejected one. */
function recordedCopy(records: readonly TrailRecord[], { id, number, stamp }: BadFile): RecordedCopy | undefined {
  const sealed = sealedCopy(records, number);
  if (sealed === undefined) return undefined;
  const accepted = records.find(({ event }) => event === 'accepted')?.detail as EventDetails['accepted'] | undefined;
  let [recorded, decided] = [false, false];
  for (const { event, detail } of records) {
    if (event === 'rejected' && (detail as EventDetails['rejected'] | undefined)?.copy.stamp === stamp) [recorded, decided] = [true, false];
    const decision = event === 'copy-released' || event === 'copy-dropped';
    if (decision && (detail as EventDetails['copy-released'] | undefined)?.number === number) decided = recorded;
  }
  return { file: accepted?.file ?? copyName(id, number), ...sealed, recorded, decided };
}

function sealedCopy(
  records: readonly TrailRecord[],
  number: number,
): { sha256: string; recipients: readonly string[]; of: number } | undefined {
  for (const { event, detail } of records.toReversed()) {
    if (detail === undefined) continue;
    if (event === 'intent') {
      const { intent } = detail as EventDetails['intent'];
      const copy = intent.copies.find((each) => each.number === number && each.via === 'pickup');
      if (copy === undefined) continue;
      const planned = (intent.plan as Plan).copies.find((each) => each.number === copy.planned);
      const of = intent.copies.filter(({ via }) => via === 'pickup').length;
      return { sha256: copy.sha256, recipients: planned?.recipients ?? copy.pending, of };
    }
    if (event === 'restaged') {
      const again = detail as EventDetails['restaged'];
      if (again.number !== number) continue;
      const first = sealedCopy(records, again.from);
      return first === undefined ? undefined : { ...first, sha256: again.sha256, of: 1 };
    }
  }
  return undefined;
}
