import { type Entry, newEntry } from '../../audit/record.js';
import type { TrailRecord } from '../../audit/trail.js';
import { removeIfThere, syncDirectory } from '../../disk/durable.js';
import { timeOfMessageId } from '../../message-id.js';
import { type CommitOutcome, commitCopy, resumeCommit } from '../../spool/commit.js';
import { copyName, firstNumberAgain, type SpoolLayout } from '../../spool/layout.js';
import { copyFile, copyIdOf, moveRefused, type RefusedCopy, readRefused, refusedIn, removeRefused } from '../../spool/refused-copy.js';
import { requireMarker } from '../../spool/staging-marker.js';
import type { EventDetails } from '../events.js';
import { commitUnknown } from '../worker/batch.js';

export interface RestageWorld {
  readonly layout: SpoolLayout;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly trailOf: (ids: ReadonlySet<string>, since: Date) => Promise<Map<string, TrailRecord[]>>;
  readonly pickup: { readonly directory: string; readonly staging: string };
  readonly bootId: string;
  /** The marker in the staging directory now. */
  readonly marker: string;
  readonly now: () => Date;
  /** Repeats a step while it throws `wait` faults. */
  readonly patiently: <T>(step: () => T | Promise<T>) => Promise<T>;
}

/**
 * Hands every copy in `work/again` to the MTA once more: the sealed file as it is, under a copy number of its own. The rules are those of a
 * first commit (I2): the staged file and its name durable, then the record with its hash, boot id and staging marker, then the one rename,
 * then the result, and only then the file in `work/again` goes. Killed in between: it is still there, and the records say what is left to do.
 */
export async function restageAll(world: RestageWorld): Promise<number> {
  const copies = refusedIn(world.layout.again).flatMap((copyId) => readRefused(world.layout.again, copyId) ?? []);
  if (copies.length === 0) return 0;
  const since = new Date(Math.min(...copies.map(({ id }) => timeOfMessageId(id).getTime())));
  const trail = await world.trailOf(new Set(copies.map(({ id }) => id)), since);
  // Numbers given out in this call are not in the trail that was read before it.
  const last = new Map<string, number>();
  for (const copy of copies) {
    const records = trail.get(copy.id) ?? [];
    const begun = begunAgain(records, copy.number);
    const number = begun?.again.number ?? 1 + Math.max(lastNumberAgain(records), last.get(copy.id) ?? 0);
    last.set(copy.id, Math.max(number, last.get(copy.id) ?? 0));
    await restage(world, copy, begun, number);
  }
  return copies.length;
}

/** How far it came since it was last released. */
interface Begun {
  readonly again: EventDetails['restaged'];
  readonly outcome: CommitOutcome | undefined;
}

function begunAgain(records: readonly TrailRecord[], number: number): Begun | undefined {
  let begun: Begun | undefined;
  for (const { event, detail } of records) {
    // Erased with the message before the MTA refused this copy: nothing of it is under way.
    if (detail === undefined) continue;
    if (event === 'copy-released' && (detail as EventDetails['copy-released']).number === number) begun = undefined;
    if (event === 'restaged' && (detail as EventDetails['restaged']).from === number)
      begun = { again: detail as EventDetails['restaged'], outcome: undefined };
    const result = event === 'committed' ? (detail as EventDetails['committed']).copies : [];
    const outcome = result.find((copy) => copy.number === begun?.again.number)?.outcome;
    if (begun !== undefined && outcome !== undefined) begun = { ...begun, outcome };
  }
  return begun;
}

function lastNumberAgain(records: readonly TrailRecord[]): number {
  const restaged = records.filter(({ event }) => event === 'restaged');
  const numbers = restaged.map(({ detail }) => (detail as EventDetails['restaged'] | undefined)?.number ?? 0);
  // Of those that were erased only how many there were is known: numbers are given out one after the other.
  return Math.max(firstNumberAgain - 1 + restaged.length, ...numbers);
}

async function restage(world: RestageWorld, copy: RefusedCopy, begun: Begun | undefined, number: number): Promise<void> {
  const { layout, now } = world;
  const again = begun?.again ?? (await stageAgain(world, copy, number));
  const outcome = again === undefined ? undefined : (begun?.outcome ?? (await commitAgain(world, copy, again, begun !== undefined)));
  if (outcome === 'committed' || outcome === 'possible-duplicate') {
    removeRefused(layout.again, copy);
    return;
  }
  const words = again === undefined ? copyAltered(copy) : outcomeUnknown(copy, again.name);
  moveRefused(layout.again, layout.refused, { ...copy, ...words, time: now().toISOString() });
}

/** Undefined if the held file is no longer what was held. */
async function stageAgain(
  { layout, audit, pickup, bootId, marker, patiently }: RestageWorld,
  copy: RefusedCopy,
  number: number,
): Promise<EventDetails['restaged'] | undefined> {
  const name = copyName(copy.id, number);
  const path = `${pickup.staging}/${name}`;
  const copied = await patiently(async () => {
    requireMarker(pickup.staging, marker);
    // One that a kill has left there without a record is made anew.
    const made = await copyFile(`${layout.again}/${copyName(copy.id, copy.number)}`, path, 0o640);
    syncDirectory(pickup.staging);
    requireMarker(pickup.staging, marker);
    return made;
  });
  if (copied?.sha256 !== copy.sha256) {
    removeIfThere(path);
    return undefined;
  }
  const again: EventDetails['restaged'] = {
    from: copy.number,
    number,
    name,
    sizeBytes: copy.sizeBytes,
    sha256: copy.sha256,
    bootId,
    marker,
  };
  await audit.append([newEntry('restaged', { id: copy.id }, again)]);
  return again;
}

async function commitAgain(
  { audit, pickup, patiently, bootId }: RestageWorld,
  copy: RefusedCopy,
  again: EventDetails['restaged'],
  resumed: boolean,
): Promise<CommitOutcome> {
  const place = { staging: pickup.staging, pickup: pickup.directory };
  const outcome = await patiently((): CommitOutcome => {
    if (resumed) return resumeCommit(place, again, bootId);
    return commitCopy({ ...place, marker: again.marker }, again.name);
  });
  if (outcome !== 'unknown') await patiently(() => [pickup.directory, pickup.staging].forEach(syncDirectory));
  const detail: EventDetails['committed'] = { copies: [{ number: again.number, name: again.name, outcome }] };
  await audit.append([newEntry('committed', { id: copy.id, outcome: outcome === 'committed' ? 'handed-to-mta' : outcome }, detail)]);
  return outcome;
}

function outcomeUnknown(copy: RefusedCopy, name: string) {
  const { code, message } = commitUnknown();
  const cure = `Look for ${name} in the MTA’s accounting; "sealdrop queue release ${copyIdOf(copy)}" hands the file over again, "sealdrop queue drop" gives it up.`;
  return { code, message, cure };
}

/** Of a file that is not what was handed over, a person may not order that it be sent: nobody knows what it is. */
export function copyAltered({ id, number }: { readonly id: string; readonly number: number }) {
  return {
    code: 'copy-altered',
    message: `the file of copy ${copyIdOf({ id, number })} is not what was handed to the MTA`,
    cure: 'Find out who changed it. "sealdrop queue drop" gives it up; the original is in the archive.',
  };
}
