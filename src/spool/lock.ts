import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

export interface SpoolLock {
  release(): void;
}

/**
 * Takes the spool's kernel lock or throws `spool-locked`. flock(2) belongs to the open file description: util-linux `flock` locks the
 * descriptor it inherits from us and exits, and the lock lives exactly as long as our descriptor, whatever kills us. The file's text
 * only words the error; it decides nothing.
 */
export function lockSpool(path: string, nowMs: number): SpoolLock {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
  const run = spawnSync('flock', ['-x', '-n', '-E', '99', '3'], { stdio: ['ignore', 'ignore', 'pipe', descriptor] });
  if (run.status !== 0) {
    closeSync(descriptor);
    throw run.status === 99 ? heldError(path) : noFlockError(path, run.error ?? run.stderr?.toString());
  }
  sayWho(descriptor, nowMs);
  return { release: () => closeSync(descriptor) };
}

/** On a full disk the text is missing; the lock is held all the same. */
function sayWho(descriptor: number, nowMs: number): void {
  try {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `pid ${process.pid} on ${hostname()} since ${new Date(nowMs).toISOString()}\n`, 0);
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** Whether somebody holds the lock now. For commands that only look. */
export function isLocked(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) === 'EACCES') return isListedAsLocked(path);
    throw diskFault(error, 'open', path);
  }
  try {
    return spawnSync('flock', ['-x', '-n', '-E', '99', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] }).status === 99;
  } finally {
    closeSync(descriptor);
  }
}

/** For an auditor, who may not open the lock file: what the kernel lists (proc_locks(5)), by inode. Where it lists nothing, nobody is known. */
function isListedAsLocked(path: string): boolean {
  try {
    const { ino } = statSync(path);
    return new RegExp(`^\\d+: FLOCK +ADVISORY +WRITE -?\\d+ [0-9a-f]+:[0-9a-f]+:${ino} `, 'm').test(readFileSync('/proc/locks', 'utf8'));
  } catch {
    return false;
  }
}

function heldError(path: string): SealdropError {
  const holder = readFileSync(path, 'utf8').trim();
  return new SealdropError('spool-locked', `another sealdrop works on this spool (${path}: ${holder === '' ? 'starting' : holder})`, {
    disposition: 'fatal',
    cure: 'Stop the other one first, or give this one a spool of its own.',
  });
}

function noFlockError(path: string, why: unknown): SealdropError {
  return new SealdropError('cannot-lock', `cannot lock ${path} with the program flock: ${String(why)}`, {
    disposition: 'fatal',
    cure: 'Install util-linux (it provides flock) and use a file system that supports locks.',
  });
}
