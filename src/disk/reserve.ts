import { SealdropError } from '../errors.js';
import type { Room } from './room.js';

/** Octets to be kept free; `auto` goes by the file system's size; null: none. */
export type MinFree = number | 'auto' | null;

/** What is to be left on a file system: room for the audit trail, for what is in the workers' hands, and for other programs. */
export interface Reserve {
  readonly bytes: number;
  readonly inodes: number;
}

const GiB = 1024 ** 3;
const share = 0.02;
const mostInodes = 10_000;

/**
 * `auto`: a fiftieth of the file system, at most 1 GiB. A small one keeps a little, a large one as much as a bad hour may need, and neither
 * pauses with most of it still free. What a file system does not tell (0) is not judged.
 */
export function reserveOf({ totalBytes, totalInodes }: Pick<Room, 'totalBytes' | 'totalInodes'>, minFree: MinFree): Reserve {
  if (minFree === null) return { bytes: 0, inodes: 0 };
  const bytes = minFree === 'auto' ? Math.min(GiB, Math.floor(totalBytes * share)) : minFree;
  return { bytes: totalBytes === 0 ? 0 : bytes, inodes: Math.min(mostInodes, Math.floor(totalInodes * share)) };
}

/** True when less than `times` the reserve is left. */
export function isBelow({ freeBytes, freeInodes }: Pick<Room, 'freeBytes' | 'freeInodes'>, { bytes, inodes }: Reserve, times = 1): boolean {
  return freeBytes < bytes * times || freeInodes < inodes * times;
}

/** Why intake pauses. `times`: how much of the reserve has to be free before it goes on. */
export function nearlyFull({ path, freeBytes, freeInodes }: Room, { bytes, inodes }: Reserve, times: number): SealdropError {
  const ofBytes = freeBytes < bytes * times;
  const [free, kept, again] = ofBytes
    ? [bytesText(freeBytes), bytesText(bytes), bytesText(Math.ceil(bytes * times))]
    : [`${freeInodes} inodes`, `${inodes} inodes`, `${Math.ceil(inodes * times)} inodes`];
  const text = `${free} are free on the file system of ${path}, and ${kept} are kept free (archive.minFree)`;
  return new SealdropError('disk-nearly-full', text, {
    disposition: 'wait',
    cure: `Free space there, or enlarge it; sealdrop takes new mail by itself once ${again} are free. What was accepted before goes on.`,
  });
}

/** A number of octets for people, in three figures or so. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
