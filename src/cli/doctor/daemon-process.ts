import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** The umask of the daemon that holds the lock; undefined if none runs on this machine. Nothing is decided by what the lock file says. */
export function umaskOfDaemon(lockFile: string): number | undefined {
  const umask = /^Umask:\s*([0-7]+)$/m.exec(statusOf(lockFile))?.[1];
  return umask === undefined ? undefined : Number.parseInt(umask, 8);
}

/** Its supplementary groups, which its unit may have given it. */
export function groupsOfDaemon(lockFile: string): number[] {
  const groups = /^Groups:\s*([\d ]*)$/m.exec(statusOf(lockFile))?.[1] ?? '';
  return groups
    .split(' ')
    .filter((gid) => gid !== '')
    .map(Number);
}

function statusOf(lockFile: string): string {
  try {
    const [, pid, host] = /^pid (\d+) on (\S+) /.exec(readFileSync(lockFile, 'utf8')) ?? [];
    return pid === undefined || host !== hostname() ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // None has ever run, it has just ended, or this is no Linux.
  }
}
