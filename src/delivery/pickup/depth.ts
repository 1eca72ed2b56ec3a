import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { diskFault } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';

export interface PickupLimits {
  /** Files in the pickup directory; null: however many. */
  readonly maxWaiting: number | null;
  /** How long a file of ours may wait there, in ms; null: however long. */
  readonly maxAge: number | null;
}

export interface PickupDepth {
  /** Files in the directory, whoever wrote them: the MTA has to take them all. Not counted beyond what `pickupDepth` was told. */
  readonly waiting: number;
  readonly countedAll: boolean;
  /** How long the oldest of our files has been there, in ms; undefined if none is older than `maxAge`. */
  readonly tooOldMs: number | undefined;
}

/** An old file is found by its name, and its age by stat: in ordinary traffic there is none to look at, in a flood of old ones enough. */
const maxStats = 1000;

/**
 * How much waits in a pickup directory: one streamed listing that ends when `countTo` are counted, so that a million files cost no more
 * than a thousand. Throws what diskFault makes of a directory that cannot be listed (wait).
 */
export async function pickupDepth(directory: string, limits: PickupLimits, countTo: number, nowMs: number): Promise<PickupDepth> {
  let waiting = 0;
  let stats = 0;
  let tooOldMs: number | undefined;
  try {
    const listing = await opendir(directory, { encoding: 'latin1' as BufferEncoding, bufferSize: 512 });
    for await (const entry of listing) {
      if (entry.isDirectory()) continue;
      waiting++;
      if (limits.maxAge !== null && tooOldMs === undefined && stats < maxStats && mayBeOlder(entry.name, nowMs - limits.maxAge)) {
        stats++;
        const ageMs = nowMs - arrivedMs(`${directory}/${entry.name}`, nowMs);
        if (ageMs > limits.maxAge) tooOldMs = ageMs;
      }
      if (waiting >= countTo) return { waiting, countedAll: false, tooOldMs };
    }
  } catch (error) {
    throw diskFault(error, 'list', directory);
  }
  return { waiting, countedAll: true, tooOldMs };
}

export interface PickupState {
  /** Files in the directory, counted up to `maxWaiting`. */
  readonly waiting: number;
  /** `pickup-stuck` (wait): why nothing more is to be put there now; undefined if more may. */
  readonly fault: SealdropError | undefined;
}

/**
 * Whether more may be put into this directory now. `wasStuck`: then the number has to come down to half first, so that intake does not stop
 * and go with every file the MTA takes. Throws what diskFault makes of a directory that cannot be listed (wait).
 */
export async function pickupState(directory: string, limits: PickupLimits, wasStuck: boolean, nowMs: number): Promise<PickupState> {
  const most = limits.maxWaiting ?? Number.POSITIVE_INFINITY;
  const goesOnAt = Math.floor(most / 2);
  const { waiting, countedAll, tooOldMs } = await pickupDepth(directory, limits, most, nowMs);
  if (waiting >= most || (wasStuck && waiting > goesOnAt)) {
    const count = countedAll ? `${waiting}` : `${most} or more`;
    const what = `${count} files wait in the pickup directory ${directory} (delivery.pickup.maxWaiting: ${most})`;
    return { waiting, fault: stuck(what, `when ${goesOnAt} or fewer wait`) };
  }
  if (tooOldMs === undefined) return { waiting, fault: undefined };
  const what = `a file has been waiting in the pickup directory ${directory} for ${wordsFor(tooOldMs)} (delivery.pickup.maxAge)`;
  return { waiting, fault: stuck(what, 'when it is taken') };
}

function stuck(what: string, goesOn: string): SealdropError {
  return new SealdropError('pickup-stuck', `the MTA does not keep up: ${what}`, {
    disposition: 'wait',
    cure: `See that the MTA runs and reads this directory, and look into its log. Mail waits in the outbox; sealdrop goes on by itself ${goesOn}.`,
  });
}

/** A file is at least as young in pickup as the id in its name, which holds the time the message was taken. */
function mayBeOlder(name: string, thanMs: number): boolean {
  const id = name.slice(0, 36);
  return isMessageId(id) && timeOfMessageId(id).getTime() < thanMs;
}

/** The rename into pickup sets ctime (POSIX lets it; Linux's file systems do). */
function arrivedMs(path: string, nowMs: number): number {
  return lstatSync(path, { throwIfNoEntry: false })?.ctimeMs ?? nowMs;
}

function wordsFor(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes === 0 ? `${Math.round(ms / 1000)} s` : minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
