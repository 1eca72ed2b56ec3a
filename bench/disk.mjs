// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const imageBytes = 8 * 2 ** 30;

/**
 * Where a benchmark writes: the directory asked for; or, as root, an ext4 file system made for this run in a (sparse) file, journal on;
 * or /var/tmp as it is. A file system that is new each time makes runs comparable: in one that is in use, the cost of creating a file
 * depends on what was deleted in it before, greatly so on ext4 without a journal, which reuses no inode for minutes after its deletion.
 * @param {string | undefined} wanted
 * @returns {{ path: string, kind: string, remove: () => void }}
 */
export function benchDisk(wanted) {
  if (wanted !== undefined) return { path: wanted, kind: `in ${wanted}`, remove: () => {} };
  const own = process.getuid?.() === 0 ? ownFileSystem() : undefined;
  return own ?? { path: '/var/tmp', kind: 'in /var/tmp, whatever file system that is', remove: () => {} };
}

function ownFileSystem() {
  const directory = mkdtempSync('/var/tmp/sealdrop-bench-disk-');
  const image = join(directory, 'image');
  const path = join(directory, 'mount');
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  const made =
    succeeds('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image) &&
    succeeds('mount', '-o', 'loop', image, path);
  const remove = () => {
    if (made) spawnSync('umount', [path]);
    rmSync(directory, { recursive: true, force: true });
  };
  if (made) return { path, kind: 'an ext4 file system (with journal) made for this run', remove };
  remove();
  return undefined;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function succeeds(command, ...args) {
  return spawnSync(command, args).status === 0;
}
