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
