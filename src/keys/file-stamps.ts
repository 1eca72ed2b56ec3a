import { type Stats, statSync } from 'node:fs';

/** What stat says of each path, in order; undefined for a path that is not there or may not be seen. */
export type FileStamps = readonly (Stats | undefined)[];

/** Looks at each path once, links followed. Never throws. */
export function stampsOf(paths: readonly string[]): FileStamps {
  return paths.map((path) => {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch {
      return undefined;
    }
  });
}

/** Whether nothing can have changed between two looks, as far as stat can tell. ctime changes with every write, rename and chmod. */
export function sameStamps(one: FileStamps, other: FileStamps): boolean {
  return one.length === other.length && one.every((stats, index) => sameStamp(stats, other[index]));
}

/**
 * The kernel stamps times in ticks of some milliseconds (two seconds on FAT, SMB, old NFS), so a second change within a tick leaves no trace.
 * What was read sooner than this after a change must be read again.
 */
const TICK_MS = 2000;

/**
 * Whether a second, invisible change can be ruled out for what was read at `readAtMs`: either its times were old enough by then, or (clocks of
 * file servers differ from ours) we had been seeing the same stamps for long enough.
 */
export function areSettled(stamps: FileStamps, readAtMs: number, firstSeenMs: number): boolean {
  return readAtMs - firstSeenMs >= TICK_MS || !isYoung(stamps, readAtMs);
}

/** Whether any of the files was changed less than a tick ago, or in what our clock calls the future. */
export function isYoung(stamps: FileStamps, nowMs: number): boolean {
  return stamps.some((stats) => stats !== undefined && nowMs - Math.max(stats.mtimeMs, stats.ctimeMs) < TICK_MS);
}

function sameStamp(one: Stats | undefined, other: Stats | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.ctimeMs === other.ctimeMs &&
    one.mtimeMs === other.mtimeMs &&
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.mode === other.mode &&
    one.uid === other.uid
  );
}
