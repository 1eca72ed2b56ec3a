import { type Stats, statSync } from 'node:fs';
import { SealdropError } from '../errors.js';
import { type DirectoryIndex, readDirectoryIndex } from './directory-index.js';
import { shellWord } from './faults.js';
import { areSettled, sameStamps } from './file-stamps.js';
import { octal } from './permissions.js';

/** The names of a directory, and how it looked when they were read. */
export interface DirectoryListing {
  readonly index: DirectoryIndex;
  readonly stats: Stats;
  readonly readAtMs: number;
  /** Since when these stats have been seen. */
  readonly firstSeenMs: number;
}

/**
 * The listing `before`, if one stat of the directory shows it still holds, else a new one.
 * Throws keys-unreadable, keys-directory-permissions (wait).
 */
export function lookAgain(directory: string, before: DirectoryListing | undefined, clock: () => number): DirectoryListing {
  // Looked at before the names are read: a change in between shows the next time.
  const stats = statDirectory(directory);
  const unchanged = before !== undefined && sameStamps([before.stats], [stats]);
  if (unchanged && areSettled([stats], before.readAtMs, before.firstSeenMs)) return before;
  const readAtMs = clock();
  const firstSeenMs = unchanged ? Math.min(before.firstSeenMs, readAtMs) : readAtMs;
  return { index: readIndex(directory), stats, readAtMs, firstSeenMs };
}

function statDirectory(directory: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(directory);
  } catch (error) {
    throw unreadable(directory, error);
  }
  if (!stats.isDirectory()) throw unreadable(directory, 'it is not a directory');
  if ((stats.mode & 0o002) === 0) return stats;
  throw new SealdropError(
    'keys-directory-permissions',
    `${directory} has mode ${octal(stats.mode)}: every user can put keys and certificates there`,
    { disposition: 'wait', cure: `Check what is in it, then run: chmod o-w ${shellWord(directory)}` },
  );
}

function readIndex(directory: string): DirectoryIndex {
  try {
    return readDirectoryIndex(directory);
  } catch (error) {
    throw unreadable(directory, error);
  }
}

/** The mount may be missing: intake waits (design, invariant I8), and no message is blamed for it. */
function unreadable(directory: string, cause: unknown): SealdropError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SealdropError('keys-unreadable', `the key directory ${directory} cannot be read: ${reason}`, {
    disposition: 'wait',
    cure: 'Mount or make the directory, and let the user sealdrop runs as read it; sealdrop goes on by itself.',
    cause,
  });
}
