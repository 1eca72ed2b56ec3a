import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { diskFault, errnoOf } from '../disk/faults.js';
import { hasMarker } from './staging-marker.js';

export interface CommitPlace {
  readonly staging: string;
  readonly pickup: string;
  readonly marker: string;
}

/** `unknown`: whether the MTA has the copy cannot be told; nothing is sent and a person decides. */
export type CommitOutcome = 'committed' | 'possible-duplicate' | 'unknown';

/**
 * The commit: the one rename from staging into pickup. Durable after `syncDirectory` of both. Throws `wait` faults when the file system
 * refuses (nothing has happened then; the same call can be made again).
 */
export function commitCopy(place: CommitPlace, name: string): 'committed' | 'unknown' {
  try {
    renameSync(`${place.staging}/${name}`, `${place.pickup}/${name}`);
    return 'committed';
  } catch (error) {
    const sourceGone =
      errnoOf(error) === 'ENOENT' &&
      hasMarker(place.staging, place.marker) &&
      existsSync(place.pickup) &&
      !existsSync(`${place.staging}/${name}`);
    if (sourceGone) return 'unknown';
    throw diskFault(error, 'rename the sealed copy into', place.pickup);
  }
}

/**
 * Finishes the commit of a copy whose intent was found after a crash (I2).
 * - The staged file is there, with the bytes the intent names: the rename never happened, or a power cut undid it. Rename now; in
 *   another boot the MTA may have acted on a rename that was undone, so the outcome is `possible-duplicate`.
 * - It is gone and the marker that the intent names is there: it left by the rename, and only by it. `committed`.
 * - It is gone and the marker too, or its bytes are others: this is not what we staged. `unknown`.
 */
export function resumeCommit(place: { staging: string; pickup: string }, wanted: RecordedCopy, thisBoot: string): CommitOutcome {
  const staged = fileDigest(`${place.staging}/${wanted.name}`);
  if (staged === undefined) return wanted.marker !== undefined && hasMarker(place.staging, wanted.marker) ? 'committed' : 'unknown';
  if (staged !== wanted.sha256) return 'unknown';
  const outcome = commitCopy({ ...place, marker: wanted.marker ?? '' }, wanted.name);
  return outcome === 'committed' && wanted.bootId !== thisBoot ? 'possible-duplicate' : outcome;
}

export interface RecordedCopy {
  readonly name: string;
  readonly sha256: string;
  readonly bootId: string;
  readonly marker: string | undefined;
}

function fileDigest(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw diskFault(error, 'read', path);
  }
}
