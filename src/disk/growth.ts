import type { Reserve } from './reserve.js';
import type { Room } from './room.js';

/** What was used of a file system at a time. */
export interface Sample {
  readonly timeMs: number;
  readonly usedBytes: number;
  readonly usedInodes: number;
}

export interface Growth {
  readonly bytesPerDay: number;
  readonly inodesPerDay: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** A week has its quiet days in it; a day its quiet hours, so less than a day tells nothing. */
const windowMs = 7 * dayMs;

/** The samples with the present one, if it is due: one an hour, for a week. The same array if nothing changed. */
export function withSample(samples: readonly Sample[], room: Room, nowMs: number): readonly Sample[] {
  const last = samples.at(-1);
  // A clock that was set back has samples ahead of it, which say nothing.
  const known = last !== undefined && last.timeMs > nowMs ? samples.filter(({ timeMs }) => timeMs <= nowMs) : samples;
  const newest = known.at(-1);
  if (newest !== undefined && nowMs - newest.timeMs < hourMs) return known;
  const kept = known.filter(({ timeMs }) => nowMs - timeMs <= windowMs + hourMs);
  return [...kept, { timeMs: nowMs, usedBytes: room.usedBytes, usedInodes: room.usedInodes }];
}

/**
 * How fast a file system fills: all that is kept there, by whomever, less what was removed. Undefined as long as there is no sample of a
 * day ago or more.
 */
export function growthOf(samples: readonly Sample[], room: Room, nowMs: number): Growth | undefined {
  const first = samples.find(({ timeMs }) => nowMs - timeMs <= windowMs);
  if (first === undefined || nowMs - first.timeMs < dayMs) return undefined;
  const days = (nowMs - first.timeMs) / dayMs;
  return {
    bytesPerDay: Math.round((room.usedBytes - first.usedBytes) / days),
    inodesPerDay: Math.round((room.usedInodes - first.usedInodes) / days),
  };
}

/** Days until no more than the reserve is left, at this rate; undefined if nothing grows. */
export function daysLeft({ freeBytes, freeInodes, totalInodes }: Room, reserve: Reserve, growth: Growth): number | undefined {
  const left: number[] = [];
  if (growth.bytesPerDay > 0) left.push((freeBytes - reserve.bytes) / growth.bytesPerDay);
  if (growth.inodesPerDay > 0 && totalInodes > 0) left.push((freeInodes - reserve.inodes) / growth.inodesPerDay);
  return left.length === 0 ? undefined : Math.max(0, Math.min(...left));
}
