import { daysLeft, type Growth, growthOf, type Sample } from '../../disk/growth.js';
import { bytesText, isBelow, type MinFree, type Reserve, reserveOf } from '../../disk/reserve.js';
import { SealdropError } from '../../errors.js';
import type { PlacedRoom } from './places.js';

/** A file system: what is free, what is kept free, and for how long it lasts. */
export interface DiskReport {
  /** A path on it. */
  readonly path: string;
  /** What of sealdrop's lies there: spool, archive, audit, … */
  readonly holds: readonly string[];
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Below it intake pauses; 0 where nothing of it stays. */
  readonly keptFreeBytes: number;
  readonly freeInodes: number;
  /** 0: it has no fixed number of them. */
  readonly totalInodes: number;
  readonly keptFreeInodes: number;
  /** Null as long as it is not known: for the first day. */
  readonly bytesPerDay: number | null;
  readonly inodesPerDay: number | null;
  /** At the rate of the last week, until intake pauses. Null if it is not known, or nothing grows. */
  readonly daysLeft: number | null;
}

export interface DiskLimits {
  readonly minFree: MinFree;
  /** Warn when the forecast is for fewer days; null: do not. */
  readonly warnDaysLeft: number | null;
}

/** Fewer times the reserve than this is near enough to say so, whatever the rate. */
const nearTimes = 3;

/** What is to be kept free there; nothing where nothing stays. */
export function reserveFor(room: PlacedRoom, { minFree }: DiskLimits): Reserve {
  return room.grows ? reserveOf(room, minFree) : { bytes: 0, inodes: 0 };
}

export function diskReport(room: PlacedRoom, samples: readonly Sample[], limits: DiskLimits, nowMs: number): DiskReport {
  const { path, holds, freeBytes, totalBytes, freeInodes, totalInodes } = room;
  const reserve = reserveFor(room, limits);
  const growth: Growth | undefined = growthOf(samples, room, nowMs);
  return {
    path,
    holds,
    freeBytes,
    totalBytes,
    keptFreeBytes: reserve.bytes,
    freeInodes,
    totalInodes,
    keptFreeInodes: reserve.inodes,
    bytesPerDay: growth?.bytesPerDay ?? null,
    inodesPerDay: growth?.inodesPerDay ?? null,
    daysLeft: growth === undefined ? null : (daysLeft(room, reserve, growth) ?? null),
  };
}

/** A warning in time, if there is reason. `slack` above 1: it takes so much more room for the warning to go than to come. */
export function filling(report: DiskReport, { warnDaysLeft }: DiskLimits, slack = 1): SealdropError | undefined {
  const { path, freeBytes, freeInodes, keptFreeBytes, keptFreeInodes, daysLeft, bytesPerDay } = report;
  const soon = warnDaysLeft !== null && daysLeft !== null && daysLeft < warnDaysLeft * slack;
  const near = isBelow(report, { bytes: keptFreeBytes, inodes: keptFreeInodes }, nearTimes * slack);
  if (!soon && !near) return undefined;
  const byInodes = freeBytes >= keptFreeBytes * nearTimes * slack && freeInodes < keptFreeInodes * nearTimes * slack;
  const free = byInodes ? `${freeInodes} inodes` : bytesText(freeBytes);
  const rate = bytesPerDay !== null && bytesPerDay > 0 ? `, and ${bytesText(bytesPerDay)} more are used a day` : '';
  const when = daysLeft === null ? '' : `: at this rate intake pauses in ${daysText(daysLeft)}`;
  return new SealdropError('disk-filling', `${free} are free on the file system of ${path}${rate}${when}`, {
    disposition: 'wait',
    cure: 'Enlarge it, or remove what need not be kept, before intake pauses (archive.minFree).',
  });
}

export function daysText(days: number): string {
  if (days < 1) return 'less than a day';
  const whole = Math.floor(days);
  return whole > 3650 ? 'more than ten years' : `${whole} day${whole === 1 ? '' : 's'}`;
}
