import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { syncDirectories, writeTogether } from '../../src/disk/file-group.js';
import { makeTemp, removeTemp } from '../kit/temp.js';

const directory = makeTemp('file-group');
afterAll(() => removeTemp(directory));
const at = (name: string) => join(directory, name);

describe('writeTogether', () => {
  it('leaves all files with their bytes and modes, and hands on the result', async () => {
    const result = await writeTogether((files) => {
      files.write(at('a'), [Buffer.from('one '), Buffer.from('two')], { mode: 0o440 });
      files.write(at('b'), [], { mode: 0o640 });
      return 'result';
    });
    expect(result).toBe('result');
    expect(readFileSync(at('a'), 'utf8')).toBe('one two');
    expect(statSync(at('a')).mode & 0o777).toBe(0o440);
    expect(statSync(at('b')).size).toBe(0);
  });

  it('leaves none of them when one cannot be made, and does not touch the file that was in the way', async () => {
    writeFileSync(at('taken'), 'theirs');
    const attempt = writeTogether((files) => {
      files.write(at('c'), [Buffer.from('c')], { mode: 0o600 });
      files.write(at('taken'), [Buffer.from('ours')], { mode: 0o600 });
    });
    await expect(attempt).rejects.toMatchObject({ code: 'disk-error', disposition: 'fatal' });
    expect(existsSync(at('c'))).toBe(false);
    expect(readFileSync(at('taken'), 'utf8')).toBe('theirs');
  });

  it('leaves none of them when the work itself fails', async () => {
    const attempt = writeTogether((files) => {
      files.write(at('d'), [Buffer.from('d')], { mode: 0o600 });
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(existsSync(at('d'))).toBe(false);
  });

  it('leaves nothing of a file whose bytes could not be made, and all of the others', async () => {
    const pieces = function* () {
      yield Buffer.alloc(100_000, 'x');
      throw new Error('cannot be sealed');
    };
    await writeTogether((files) => {
      files.write(at('f'), [Buffer.from('f')], { mode: 0o600 });
      expect(() => files.write(at('g'), pieces(), { mode: 0o600 })).toThrow('cannot be sealed');
    });
    expect(readFileSync(at('f'), 'utf8')).toBe('f');
    expect(existsSync(at('g'))).toBe(false);
    expect(openIn(directory)).toBe(0);
  });

  it('keeps the order of many chunks of any size', async () => {
    const chunks = Array.from({ length: 3000 }, (_, n) => Buffer.alloc((n * 7919) % 3000, n % 251));
    await writeTogether((files) => files.write(at('h'), chunks, { mode: 0o600 }));
    expect(readFileSync(at('h')).equals(Buffer.concat(chunks))).toBe(true);
  });

  it('leaves none of them when a directory whose names were to be durable is gone', async () => {
    const attempt = writeTogether((files) => {
      files.write(at('e'), [Buffer.from('e')], { mode: 0o600 });
      files.syncNames(at('missing'));
    });
    await expect(attempt).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
    expect(existsSync(at('e'))).toBe(false);
    expect(openIn(directory)).toBe(0);
  });

  it('holds few descriptors open, however many files it writes, and leaves none of them when the last cannot be made', async () => {
    const names = Array.from({ length: 300 }, (_, n) => at(`many-${n}`));
    let most = 0;
    const write = (last: string) =>
      writeTogether((files) => {
        for (const name of [...names, last]) {
          files.write(name, [Buffer.from(name)], { mode: 0o600 });
          most = Math.max(most, openIn(directory));
        }
      });
    await expect(write(at('missing/last'))).rejects.toMatchObject({ code: 'directory-missing' });
    expect(names.filter((name) => existsSync(name))).toEqual([]);
    await write(at('last'));
    expect(names.every((name) => readFileSync(name, 'utf8') === name)).toBe(true);
    expect(most).toBeLessThanOrEqual(160);
    expect(openIn(directory)).toBe(0);
  });

  it('says `wait` when the directory is not there', async () => {
    const attempt = writeTogether((files) => files.write(at('missing/e'), [], { mode: 0o600 }));
    await expect(attempt).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
  });
});

describe('syncDirectories', () => {
  it('names the directory that is missing, and closes the others', async () => {
    await expect(syncDirectories([directory, at('missing')])).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
    expect(openIn(directory)).toBe(0);
  });
});

/** How many descriptors of that directory and of files in it this process holds open (proc(5)). */
function openIn(path: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target === path || target.startsWith(`${path}/`);
    } catch {
      return false; // The descriptor that the directory was read with.
    }
  }).length;
}
