import { spawnSync } from 'node:child_process';
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

export type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** Undefined if it is not made yet, or lies within what may not be entered, which is said of that directory. */
export function ownedOf(path: string): Owned | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

export function modeText({ mode }: Owned): string {
  return (mode & 0o7777).toString(8);
}

/** The first directory above that strangers may not pass through; with `gid`, that members of this group may not. */
export function closedAbove(path: string, gid?: number): string | undefined {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const above = closedAbove(parent, gid);
  if (above !== undefined) return above;
  const found = statSync(parent);
  const passes = found.gid === gid ? 0o010 : 0o001;
  return (found.mode & passes) === 0 ? parent : undefined;
}

/** What an access control list lets a group do there, as `rwx`; undefined without an entry for it, or without getfacl. */
export function aclRights(path: string, gid: number): string | undefined {
  const run = spawnSync('getfacl', ['-cnp', '--', path], { encoding: 'utf8' });
  if (run.status !== 0) return undefined;
  // An effective right is shown behind what the mask takes away.
  const entry = new RegExp(`^group:${gid}:(...)(?:\\s+#effective:(...))?`, 'm').exec(run.stdout);
  return entry?.[2] ?? entry?.[1];
}

/** May a member of the group, who is not the owner, do this there? `right`: r, w or x. */
export function groupMay(path: string, gid: number, right: 'r' | 'w' | 'x'): boolean {
  const found = ownedOf(path);
  if (found === undefined) return false;
  const bit = { r: 4, w: 2, x: 1 }[right];
  if ((found.mode & bit) !== 0) return true;
  // With an ACL the group bits show its mask, not what the group may do (acl(5)), but never less.
  if ((found.mode & (bit << 3)) === 0) return false;
  return found.gid === gid || aclRights(path, gid)?.includes(right) === true;
}
