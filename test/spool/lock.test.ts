import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isLocked, lockSpool } from '../../src/spool/lock.js';
import { makeTemp } from '../kit/temp.js';
import { describeWith } from '../kit/tools.js';
import { waitFor } from '../kit/wait-for.js';

describeWith(['flock'], 'the spool’s lock', () => {
  let path: string;
  beforeEach(() => {
    path = join(makeTemp('lock'), 'lock');
  });

  test('is held by one only; the second is told by whom and since when', () => {
    const lock = lockSpool(path, Date.UTC(2026, 10, 24, 9));
    expect(isLocked(path)).toBe(true);
    expect(() => lockSpool(path, Date.now())).toThrow(
      expect.objectContaining({
        code: 'spool-locked',
        message: expect.stringMatching(new RegExp(`pid ${process.pid} on .* since 2026-11-24T09:00:00.000Z`)),
      }),
    );
    lock.release();
    expect(isLocked(path)).toBe(false);
    lockSpool(path, Date.now()).release();
  });

  test('ends with its holder, however that dies', async () => {
    writeFileSync(path, '');
    const holder = spawn('flock', ['-x', '--no-fork', path, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await waitFor('the holder to have the lock', () => isLocked(path));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(isLocked(path)).toBe(false);
  });

  test('is not handed down to programs started meanwhile', () => {
    const lock = lockSpool(path, Date.now());
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    lock.release();
    expect(isLocked(path)).toBe(false);
    child.kill('SIGKILL');
  });

  test('says nothing by its text: what an earlier holder left does not lock', () => {
    writeFileSync(path, 'pid 1 on elsewhere since 2020-01-01T00:00:00.000Z and a longer line than ours will ever be, to be cut away\n');
    const lock = lockSpool(path, Date.now());
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^pid ${process.pid} on \\S+ since \\S+\\n$`));
    lock.release();
  });

  test('is not taken through a symbolic link', () => {
    const target = join(makeTemp('lock'), 'target');
    symlinkSync(target, path);
    expect(() => lockSpool(path, Date.now())).toThrow(/ELOOP/);
    expect(existsSync(target)).toBe(false);
  });

  test('names the missing program where flock is not installed', () => {
    const before = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      expect(() => lockSpool(path, Date.now())).toThrow(
        expect.objectContaining({ code: 'cannot-lock', cure: expect.stringContaining('util-linux') }),
      );
    } finally {
      process.env.PATH = before;
    }
    expect(spawnSync('flock', ['--version']).status).toBe(0);
  });
});

test('a spool that was never locked is not locked', () => {
  expect(isLocked(join(makeTemp('lock'), 'lock'))).toBe(false);
});
