// @ts-check
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from './at-end.mjs';

const imageBytes = 8 * 2 ** 30;

/**
 * Where a benchmark writes: the directory asked for; or, as root, an ext4 file system made for this run in a (sparse) file, journal on;
 * or /var/tmp as it is. A file system that is new each time makes runs comparable: in one that is in use, the cost of creating a file
 * depends on what was deleted in it before, greatly so on ext4 without a journal, which reuses no inode for minutes after its deletion.
 * @param {string | undefined} wanted
 * @param {{ files?: number }} [room] how many files it must be able to hold, if that is more than mkfs provides for
 * @returns {{ path: string, kind: string, remove: () => void }}
 */
export function benchDisk(wanted, room = {}) {
  if (wanted !== undefined) return { path: wanted, kind: `in ${wanted}`, remove: () => {} };
  const own = process.getuid?.() === 0 ? ownFileSystem(room.files) : undefined;
  return own ?? { path: '/var/tmp', kind: 'in /var/tmp, whatever file system that is', remove: () => {} };
}

/** @param {number | undefined} files */
function ownFileSystem(files) {
  const directory = mkdtempSync('/var/tmp/sealdrop-bench-disk-');
  // A server that is measured may run as somebody else.
  chmodSync(directory, 0o711);
  const image = join(directory, 'image');
  const path = join(directory, 'mount');
  const inodes = files === undefined ? [] : ['-N', String(files)];
  let mounted = false;
  const remove = atEnd(() => {
    if (mounted) unmount(path);
    rmSync(directory, { recursive: true, force: true });
  });
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  mounted =
    succeeds('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', ...inodes, image) &&
    succeeds('mount', '-o', 'loop', image, path);
  if (mounted) return { path, kind: 'an ext4 file system (with journal) made for this run', remove };
  remove();
  return undefined;
}

/** A process killed a moment ago may still have files open there; after a second it is unmounted as soon as they are closed. @param {string} path */
function unmount(path) {
  const deadline = performance.now() + 1000;
  while (!succeeds('umount', path)) {
    if (performance.now() > deadline) {
      succeeds('umount', '--lazy', path);
      return;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function succeeds(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
