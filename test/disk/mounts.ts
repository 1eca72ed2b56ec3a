import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe } from 'vitest';
import { makeTemp } from '../kit/temp.js';

const mounted: string[] = [];

/** `describe` whose tests mount file systems: they need root and a kernel that lets it (not in every container). */
export function describeWithMounts(title: string, body: () => void): void {
  if (!mayMount()) {
    describe.skip(`${title} [skipped, missing: the right to mount]`, body);
    return;
  }
  describe(title, () => {
    afterEach(() => {
      for (const path of mounted.splice(0).reverse()) unmount(path);
    });
    body();
  });
}

/** Mounts a new, empty file system of that size on `path`; it goes after the test. */
export function mountTiny(path: string, sizeKiB: number, inodes?: number): void {
  mkdirSync(path, { recursive: true });
  const limit = inodes === undefined ? '' : `,nr_inodes=${inodes}`;
  mount(['-t', 'tmpfs', '-o', `size=${sizeKiB}k,mode=755${limit}`, 'sealdrop-test', path]);
  mounted.push(path);
}

/** Shows the directory `from` at `path` as well, as a mount of its own. */
export function mountFrom(from: string, path: string): void {
  mount(['--bind', from, path]);
  mounted.push(path);
}

export function remount(path: string, how: 'ro' | 'rw'): void {
  mount(['-o', `remount,bind,${how}`, path]);
}

/** Takes the topmost file system away from `path`, as an operator or a lost disk does. */
export function unmount(path: string): void {
  // Lazily: what is still open in it does not keep it there.
  spawnSync('umount', ['--lazy', path], { stdio: 'ignore' });
}

function mount(args: readonly string[]): void {
  const run = spawnSync('mount', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`mount ${args.join(' ')}: ${run.stderr}`);
}

function mayMount(): boolean {
  const path = join(makeTemp('mount-probe'), 'here');
  try {
    mountTiny(path, 64);
  } catch {
    return false;
  }
  unmount(mounted.pop() ?? path);
  return true;
}
