import { existsSync, opendirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import type { IdSet } from '../id-set.js';
import { timeOfMessageId } from '../message-id.js';
import { makeMutable } from './immutable.js';

export interface StoredFile {
  readonly id: string;
  readonly path: string;
}

/**
 * Removes every file of these messages from an archive, in whatever form: the original (`<id>.eml…`) and sealed copies (`<id>-<n>.eml…`);
 * the immutable attribute is taken off where it is in the way. Durable on return, and day directories that have become empty are gone. Killed
 * anywhere: what is left is found by doing it again. A missing archive is an error (`directory-missing`, wait): nothing may be taken for
 * destroyed because its disk was not mounted.
 */
export async function destroyEntries(archive: string, ids: IdSet, nowMs: number): Promise<number> {
  requireDirectory(archive);
  let removed = 0;
  for (const day of daysOf(ids)) {
    removed += await destroyIn(`${archive}/${day}`, ids);
    // Also where nothing was left to remove: what removed it may have been killed before this.
    if (existsSync(`${archive}/${day}`)) syncDirectory(`${archive}/${day}`);
    removeIfEmpty(archive, day, nowMs);
  }
  return removed;
}

/** A directory that changes while it is read may hide a name (readdir(3)): it is read until nothing is found. */
async function destroyIn(directory: string, ids: IdSet): Promise<number> {
  let removed = 0;
  for (let refusals = 0; ; ) {
    const refused: string[] = [];
    let found = 0;
    for (const { path } of storedFiles(directory, ids)) {
      found++;
      // Not even root removes an immutable file; a file may have been made so since it was asked for last.
      if (remove(path, refusals < mostRefusals)) removed++;
      else refused.push(path);
    }
    if (found === 0) return removed;
    if (refused.length === 0) continue;
    refusals++;
    await makeMutable(refused);
  }
}

const mostRefusals = 3;

/** The days, `YYYY/MM/DD`, in whose directories the archive keeps these messages, in order. */
export function daysOf(ids: Iterable<string>): string[] {
  const starts = new Set<number>();
  for (const id of ids) starts.add(Math.floor(timeOfMessageId(id).getTime() / dayMs));
  return [...starts].sort((a, b) => a - b).map((start) => new Date(start * dayMs).toISOString().slice(0, 10).replaceAll('-', '/'));
}

/** What one day's directory holds of these messages; nothing if it is not there. The names are streamed. */
export function* storedFiles(directory: string, ids: IdSet): Generator<StoredFile> {
  let listing: ReturnType<typeof opendirSync>;
  try {
    listing = opendirSync(directory, { bufferSize: 1024 });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw diskFault(error, 'list', directory);
  }
  try {
    for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
      // A dot-file is what a kill left of writing one of them.
      const id = /^\.?([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})[.-]/.exec(entry.name)?.[1];
      if (id !== undefined && ids.has(id)) yield { id, path: `${directory}/${entry.name}` };
    }
  } finally {
    listing.closeSync();
  }
}

const dayMs = 86_400_000;

function requireDirectory(path: string): void {
  try {
    statSync(path);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
}

/** False where it is refused (EPERM) and `mayBeRefused`. */
function remove(path: string, mayBeRefused: boolean): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return true;
    if (code === 'EPERM' && mayBeRefused) return false;
    throw diskFault(error, 'remove', path);
  }
}

/** Today's and yesterday's stay: a worker may be about to add to them. */
function removeIfEmpty(archive: string, day: string, nowMs: number): void {
  const recent = [0, 1].map((ago) => new Date(nowMs - ago * dayMs).toISOString().slice(0, 10).replaceAll('-', '/'));
  for (let path = day; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) {
    if (recent.some((each) => each === path || each.startsWith(`${path}/`))) return;
    try {
      rmdirSync(`${archive}/${path}`);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) return;
      throw diskFault(error, 'remove', `${archive}/${path}`);
    }
    syncDirectory(dirname(`${archive}/${path}`));
  }
}
