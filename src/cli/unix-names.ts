import { spawnSync } from 'node:child_process';
import { SealdropError } from '../errors.js';
import { gidOf } from '../spool/prepare.js';

/** The uid of a user given by name or number. Asked from id(1), which knows what NSS knows. Throws no-such-user. */
export function uidNamed(user: string): number {
  if (/^\d+$/.test(user)) return Number(user);
  const uid = askId(['-u', '--', user]);
  if (uid !== undefined) return Number(uid);
  throw new SealdropError('no-such-user', `there is no user ${user}`, {
    disposition: 'fatal',
    cure: `Name another one, or make it: useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${user}`,
  });
}

/** Throws no-such-group. */
export function gidNamed(group: string): number {
  const gid = gidOf(group);
  if (gid !== undefined) return gid;
  throw new SealdropError('no-such-group', `there is no group ${group}`, {
    disposition: 'fatal',
    cure: `Name another one, or make it: groupadd --system ${group}`,
  });
}

/** For people: the user's name, or the number where it has none. */
export function userName(uid: number): string {
  return askId(['-un', '--', String(uid)]) ?? String(uid);
}

/** All groups of a user, the first of them its primary one; none for a uid without an account. */
export function groupsOf(uid: number): number[] {
  return (askId(['-G', '--', String(uid)]) ?? '')
    .split(' ')
    .filter((gid) => gid !== '')
    .map(Number);
}

export function isUserOrGroup(name: string): boolean {
  return askId(['-u', '--', name]) !== undefined || gidOf(name) !== undefined;
}

function askId(args: readonly string[]): string | undefined {
  const run = spawnSync('id', args, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}
