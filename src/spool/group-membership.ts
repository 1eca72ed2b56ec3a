import { readFileSync } from 'node:fs';
import { SealdropError } from '../errors.js';

/** Whether this process may give its files to a group: chown(2) wants membership, or CAP_CHOWN. */
export function mayGiveTo(gid: number): boolean {
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  return groups.includes(gid) || mayChown();
}

/** Without it every message would wait with no-access, one step after it was claimed. Throws archive-group-not-ours (fatal). */
export function requireArchiveGroup(group: string, gid: number): void {
  if (mayGiveTo(gid)) return;
  const us = process.geteuid?.() ?? 0;
  throw new SealdropError(
    'archive-group-not-ours',
    `archive.group is ${group}, and the user sealdrop runs as (uid ${us}) is not in it, so it cannot give what it archives to this group`,
    {
      disposition: 'fatal',
      cure: `Name ${group} in SupplementaryGroups= of the service's unit, or run "usermod --append --groups ${group} $(id -un ${us})"; then start sealdrop again.`,
    },
  );
}

/** CAP_CHOWN is bit 0 of the effective capabilities (capabilities(7)). Where there is no /proc, root has it. */
function mayChown(): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (effective !== undefined) return (BigInt(`0x${effective}`) & 1n) === 1n;
  } catch {
    // No Linux.
  }
  return process.geteuid?.() === 0;
}
