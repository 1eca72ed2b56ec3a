import { statSync } from 'node:fs';
import { groupsOf } from './unix-names.js';

/**
 * Root becomes the owner of a path for the rest of this process, with that user's groups: what it makes belongs to the service, and what it
 * finds is what the service would find.
 */
export function becomeOwnerOf(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(path);
  if (uid === 0) return;
  const groups = groupsOf(uid);
  process.setgroups?.(groups);
  process.setegid?.(groups[0] ?? gid);
  process.seteuid?.(uid);
}

/** As root, does something as the owner of a path, and is root again: what is made then is root's. */
export async function asOwnerOf<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const [uid, gid, groups] = [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];
  becomeOwnerOf(path);
  try {
    return await work();
  } finally {
    if (uid === 0 && process.geteuid?.() !== 0) {
      process.seteuid?.(uid);
      process.setegid?.(gid ?? 0);
      process.setgroups?.(groups ?? []);
    }
  }
}
