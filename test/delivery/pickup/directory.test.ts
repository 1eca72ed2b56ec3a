import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPickup, freeBytes } from '../../../src/delivery/pickup/directory.js';
import { isVolatile } from '../../../src/disk/volatile.js';
import { codeOf, thrownBy } from '../thrown.js';

let root: string;
const paths = () => ({ directory: join(root, 'pickup'), staging: join(root, 'staging'), bad: join(root, 'bad') });
const undo: (() => void)[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sealdrop-pickup-'));
  for (const path of Object.values(paths())) mkdirSync(path);
});

afterEach(() => {
  for (const action of undo.splice(0).reverse()) action();
  rmSync(root, { recursive: true, force: true });
});

const inMemory = ['/dev/shm'].find((path) => existsSync(path) && statfsSync(path).type === 0x01021994);
const mounts = canMount();

describe('checkPickup', () => {
  test('finds a good installation good and tells the free space', () => {
    expect(checkPickup({ ...paths(), allowVolatile: true }).freeBytes).toBeGreaterThan(0);
  });

  test('leaves nothing in any of the directories', () => {
    checkPickup({ ...paths(), allowVolatile: true });
    expect(Object.values(paths()).flatMap((path) => readdirSync(path))).toEqual([]);
  });

  test('6: refuses a staging directory inside pickup, also behind a symbolic link', () => {
    const inside = join(paths().directory, 'staging');
    mkdirSync(inside);
    symlinkSync(inside, join(root, 'link'));
    expect(codeOf(() => checkPickup({ ...paths(), staging: inside, allowVolatile: true }))).toBe('pickup-layout');
    expect(codeOf(() => checkPickup({ ...paths(), staging: join(root, 'link'), allowVolatile: true }))).toBe('pickup-layout');
  });

  test.each(['directory', 'staging'] as const)('refuses a bad-file directory that is the %s directory', (name) => {
    expect(thrownBy(() => checkPickup({ ...paths(), bad: paths()[name] }))).toMatchObject({ code: 'pickup-layout', disposition: 'fatal' });
  });

  test.each(['directory', 'staging', 'bad'] as const)('lets mail wait while %s is not there', (name) => {
    rmSync(paths()[name], { recursive: true });
    const error = thrownBy(() => checkPickup({ ...paths(), allowVolatile: true }));
    expect(error).toMatchObject({ code: 'directory-missing', disposition: 'wait' });
    expect(String(error)).toContain(paths()[name]);
  });

  test('lets mail wait while a file stands where the pickup directory should be', () => {
    rmSync(paths().directory, { recursive: true });
    writeFileSync(paths().directory, '');
    expect(thrownBy(() => checkPickup({ ...paths(), allowVolatile: true }))).toMatchObject({ disposition: 'wait' });
  });

  test('lets mail wait while pickup may not be written', () => {
    chmodSync(root, 0o755);
    chmodSync(paths().staging, 0o777);
    chmodSync(paths().directory, 0o555);
    expect(withoutPrivileges(() => checkPickup({ ...paths(), allowVolatile: true }))).toMatchObject({
      code: 'no-access',
      disposition: 'wait',
    });
  });

  test('removes the probe a killed check has left, but none that is in use', () => {
    const [old, fresh] = ['.sealdrop-probe-old', '.sealdrop-probe-fresh'].map((name) => join(paths().directory, name)) as [string, string];
    mkdirSync(old);
    mkdirSync(fresh);
    utimesSync(old, 0, 0);
    checkPickup({ ...paths(), allowVolatile: true });
    expect(readdirSync(paths().directory)).toEqual(['.sealdrop-probe-fresh']);
  });

  test('is not stopped by an old probe that cannot be removed', () => {
    const old = join(paths().staging, '.sealdrop-probe-old');
    mkdirSync(join(old, 'child'), { recursive: true });
    utimesSync(old, 0, 0);
    expect(() => checkPickup({ ...paths(), allowVolatile: true })).not.toThrow();
  });

  test.skipIf(inMemory === undefined)('6: takes another file system for an error with a cure, never for a reason to copy', () => {
    const staging = inMemoryDirectory();
    const error = thrownBy(() => checkPickup({ ...paths(), staging, allowVolatile: true }));
    expect(error).toMatchObject({ code: 'rename-crosses-mounts', disposition: 'wait', cure: expect.stringContaining('ReadWritePaths=') });
    expect(String(error)).toContain('/dev/shm');
  });

  test.skipIf(inMemory === undefined)('refuses a file system that lives in memory unless that is allowed', () => {
    const base = inMemoryDirectory();
    const volatile = { directory: join(base, 'pickup'), staging: join(base, 'staging'), bad: paths().bad };
    for (const path of [volatile.directory, volatile.staging]) mkdirSync(path);
    expect(thrownBy(() => checkPickup(volatile))).toMatchObject({ code: 'volatile-directory', disposition: 'fatal' });
    expect(checkPickup({ ...volatile, allowVolatile: true }).volatile).toBe(true);
  });

  test.skipIf(!mounts)('6: finds a bind mount of the same disk, which has the same device number', () => {
    mkdirSync(join(root, 'bound'));
    mount(['--bind', paths().staging, join(root, 'bound')], join(root, 'bound'));
    const error = thrownBy(() => checkPickup({ ...paths(), staging: join(root, 'bound'), allowVolatile: true }));
    expect(error).toMatchObject({ code: 'rename-crosses-mounts' });
    expect(String(error)).toContain(join(root, 'bound'));
  });

  test.skipIf(!mounts)('lets mail wait while the mount is read-only', () => {
    mount(['--bind', root, root], root);
    execFileSync('mount', ['-o', 'remount,ro,bind', root]);
    expect(thrownBy(() => checkPickup({ ...paths(), allowVolatile: true }))).toMatchObject({ code: 'read-only', disposition: 'wait' });
  });

  test.skipIf(!mounts)('lets mail wait while the disk is full', () => {
    mount(['-t', 'tmpfs', '-o', 'nr_inodes=4', 'tmpfs', root], root);
    for (const path of Object.values(paths())) mkdirSync(path);
    expect(thrownBy(() => checkPickup({ ...paths(), allowVolatile: true }))).toMatchObject({ code: 'disk-full', disposition: 'wait' });
  });
});

describe('freeBytes and isVolatile', () => {
  test('agree with the operating system', () => {
    const { bavail, bsize } = statfsSync(root);
    expect(Math.abs(freeBytes(root) - bavail * bsize)).toBeLessThan(1e9);
    expect(isVolatile('/proc')).toBe(false);
  });

  test('make mail wait when the directory is gone', () => {
    expect(thrownBy(() => freeBytes(join(root, 'gone')))).toMatchObject({ code: 'directory-missing', disposition: 'wait' });
  });
});

/** What the action throws for a user to whom modes apply. */
function withoutPrivileges(action: () => unknown): unknown {
  const privileged = process.geteuid?.() === 0;
  if (privileged) process.seteuid?.(65534);
  try {
    return thrownBy(action);
  } finally {
    if (privileged) process.seteuid?.(0);
  }
}

function inMemoryDirectory(): string {
  const path = mkdtempSync(join(inMemory ?? '', 'sealdrop-'));
  undo.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function mount(args: string[], point: string): void {
  execFileSync('mount', args);
  undo.push(() => execFileSync('umount', [point]));
}

/** Mounting takes root and a container that allows it; elsewhere these tests are reported as skipped. */
function canMount(): boolean {
  const point = mkdtempSync(join(tmpdir(), 'sealdrop-mount-'));
  try {
    execFileSync('mount', ['--bind', point, point], { stdio: 'ignore' });
    execFileSync('umount', [point]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(point, { recursive: true });
  }
}
