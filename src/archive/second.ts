import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { removeIfThere, replaceFile, syncDirectory, writeNewFile } from '../disk/durable.js';
import { errnoOf } from '../disk/faults.js';
import type { FaultOf } from '../disk/file-group.js';
import { SealdropError } from '../errors.js';

/** Where every entry is kept a second time, and what proves that the place is there. */
export interface SecondPlace {
  readonly directory: string;
  /** File within our spool that remembers the mark. */
  readonly memory: string;
}

/** Stands in the root of the second location: an empty directory under a mount that is not mounted does not have it. */
const markName = '.sealdrop-second-archive';

/**
 * Throws SealdropError `second-archive-missing` (wait) unless the second location carries the mark that `markSecond` made for this spool.
 * Asked before anything is written there, and once more before a record says that it is there.
 */
export function requireSecond({ directory, memory }: SecondPlace): void {
  const mark = read(`${directory}/${markName}`);
  const remembered = read(memory);
  if (mark !== undefined && mark === remembered) return;
  const what =
    mark === undefined
      ? `${directory} does not hold the mark of a second archive, so it may be an empty directory whose disk is not mounted`
      : `${directory} is marked as the second archive of another spool`;
  throw new SealdropError('second-archive-missing', what, {
    disposition: 'wait',
    cure: 'Mount it; sealdrop goes on by itself. If it is mounted, and is to be used from now on, run "sealdrop archive mark-second -c FILE".',
  });
}

/**
 * Marks the directory as the second location of this spool. What is there stays. Killed in between: the mark is not remembered, and the
 * next call makes a new one.
 */
export function markSecond({ directory, memory }: SecondPlace): void {
  const mark = `sealdrop second archive ${randomBytes(16).toString('hex')}\n`;
  const path = `${directory}/${markName}`;
  try {
    removeIfThere(path);
    writeNewFile(path, [Buffer.from(mark)], { mode: 0o440 });
    syncDirectory(directory);
  } catch (error) {
    throw secondFault(directory)(error);
  }
  const slash = memory.lastIndexOf('/');
  // No secret: auditors, who verify the second location too, compare it with the mark there.
  replaceFile(memory.slice(0, slash), memory.slice(slash + 1), Buffer.from(mark), 0o644);
}

/**
 * Nothing at the second location ends the daemon: the place is waited for, whatever its server or disk said, also of an fsync. That is safe
 * since a file that failed is never gone on with: it is removed or replaced, and written anew from what we have.
 */
export function secondFault(directory: string): FaultOf {
  return (error) => {
    if (error instanceof SealdropError && error.code.startsWith('second-archive-')) return error;
    const said = error instanceof Error ? error.message : String(error);
    return new SealdropError('second-archive-unavailable', `the second archive ${directory} cannot be written: ${said}`, {
      disposition: 'wait',
      cure: 'Mend the disk, the mount or its server; sealdrop goes on by itself. To do without it, set archive.second to null and restart.',
      cause: error,
    });
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw secondFault(path)(error);
  }
}
