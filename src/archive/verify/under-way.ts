import { existsSync, statSync } from 'node:fs';
import { type TrailRecord, trailOf } from '../../audit/trail.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { timeOfMessageId } from '../../message-id.js';
import { isSameFile } from '../store.js';
import { archivedFacts } from './claim.js';

/** A file of the archive that no record named when the trail was read. */
export interface Unrecorded {
  /** Undefined if it can belong to no message where it is. */
  readonly id: string | undefined;
  readonly path: string;
  /** It is a file that is being written, or was when a crash came. */
  readonly temporary: boolean;
}

/** From the claim to the records it is a batch's time: seconds at the worst. */
const underWayMs = 5 * 60_000;

/**
 * Which of these belong to nothing: a daemon at work is no finding. An entry whose message has its copy in the daemon's `work` directory is
 * under way, and its record is yet to come. Who may not look there, such as an auditor, believes it of what has just been written.
 */
export function withoutRecords(
  files: readonly Unrecorded[],
  { audit, archive, work }: { audit: string; archive: string; work: string },
): Unrecorded[] {
  // Asked before the trail is read again, for the copy in work goes after the record has come.
  const left = files.filter(({ id, path }) => id === undefined || !isUnderWay(id, `${archive}/${path}`, `${work}/${id}.eml`, Date.now()));
  const ids = left.flatMap(({ id }) => id ?? []);
  const earliestMs = ids.reduce((earliest, id) => Math.min(earliest, timeOfMessageId(id).getTime()), Date.now());
  const since = trailOf(audit, new Set(ids), new Date(earliestMs));
  // Recorded since the chain was read, or taken back to be written anew.
  return left.filter(
    ({ id, path, temporary }) => (temporary || id === undefined || !mayName(since.get(id), path)) && existsSync(`${archive}/${path}`),
  );
}

/** Whether records say that the file was archived, or of its message only that it was accepted. */
function mayName(records: readonly TrailRecord[] | undefined, path: string): boolean {
  const facts = (records ?? [])
    .filter(({ event }) => event === 'intent' || event === 'dropped')
    .map(({ detail }) => archivedFacts(detail ?? {}));
  if (facts.length === 0) return records !== undefined;
  return facts.some(({ file, kept }) => file === path || kept.some((copy) => copy.file === path));
}

/**
 * True for an entry whose message has not come to its records yet: its copy in `work` is there still, and is the same file where the entry is
 * a plain one. An auditor may not look into `work`; there the message's age decides.
 */
function isUnderWay(id: string, entry: string, workCopy: string, nowMs: number): boolean {
  try {
    return /[0-9a-f]{12}\.eml$/.test(entry) ? isSameFile(entry, workCopy) : statSync(workCopy, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw diskFault(error, 'look at', workCopy);
    return nowMs - timeOfMessageId(id).getTime() < underWayMs;
  }
}
