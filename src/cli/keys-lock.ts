import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openDirectory } from '../disk/durable.js';
import { SealdropError } from '../errors.js';

const WAIT_SECONDS = 30;

/**
 * Runs `step` while no other command changes the keys directory: a mail filter may start one for each message that comes in. The lock is
 * flock(2) on the directory itself, taken as the spool's is (src/spool/lock.ts); it leaves no file behind, and ends with the process.
 * Throws SealdropError: keys-locked (wait), cannot-lock (fatal), and what `step` throws.
 */
export function withKeysLocked<Result>(directory: string, step: () => Result): Result {
  const descriptor = openDirectory(directory);
  try {
    const run = spawnSync('flock', ['-x', '-w', String(WAIT_SECONDS), '-E', '99', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
    });
    if (run.status === 99) throw keysLocked(directory);
    if (run.status !== 0) throw cannotLock(directory, run.error ?? run.stderr.toString());
    return step();
  } finally {
    closeSync(descriptor);
  }
}

function keysLocked(directory: string): SealdropError {
  return new SealdropError('keys-locked', `another command has been changing ${directory} for ${WAIT_SECONDS} seconds`, {
    disposition: 'wait',
    cure: 'Try again; "lsof" on the directory shows who holds it.',
  });
}

function cannotLock(directory: string, why: unknown): SealdropError {
  return new SealdropError('cannot-lock', `cannot lock ${directory} with the program flock: ${String(why)}`, {
    disposition: 'fatal',
    cure: 'Install util-linux (it provides flock) and use a file system that supports locks.',
  });
}
