import { chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { EntryCache } from '../../src/keys/entry-cache.js';
import { emptyDirectory, put } from './support.js';

/** Long after any file the tests make was written. */
const LATER_MS = 60_000;
const WRITTEN = new Date('2024-01-01');
let nowMs = 0;
let loads = 0;
let path = '';
let cache = new EntryCache<number>(3, () => nowMs);

beforeEach(() => {
  nowMs = Date.now() + LATER_MS;
  loads = 0;
  path = put(emptyDirectory(), 'file', 'content');
  utimesSync(path, WRITTEN, WRITTEN);
  cache = new EntryCache<number>(3, () => nowMs);
});

function get(generation: number, key = 'key', paths = [path]): number {
  return cache.get(key, generation, () => ({
    paths,
    load: () => {
      loads += 1;
      return loads;
    },
  }));
}

describe('an entry', () => {
  it('is loaded once as long as its files stay the same', () => {
    expect([get(1), get(1), get(2), get(3)]).toEqual([1, 1, 1, 1]);
  });

  it.each([
    ['written in place, same size', () => writeFileSync(path, 'CONTENT')],
    [
      'written in place and its modification time set back',
      () => {
        writeFileSync(path, 'CONTENT');
        utimesSync(path, WRITTEN, WRITTEN);
      },
    ],
    ['replaced by rename', () => renameSync(put(`${path}/..`, 'other', 'content'), path)],
    ['removed', () => rmSync(path)],
    ['given another mode', () => chmodSync(path, 0o640)],
  ])('is loaded again in the next generation when its file was %s', (_, change) => {
    get(1);
    change();
    expect([get(1), get(2), get(3)]).toEqual([1, 2, 2]);
  });

  it('is loaded again when a file that was not there has come', () => {
    const absent = `${path}.pass`;
    get(1, 'key', [path, absent]);
    writeFileSync(absent, 'secret');
    expect(get(2, 'key', [path, absent])).toBe(2);
  });

  it('is loaded again when it is made from other files', () => {
    get(1);
    expect(get(2, 'key', [path, path])).toBe(2);
  });
});

describe('files that were changed a moment ago', () => {
  it('are read again each time until a second change within the same tick can be ruled out', () => {
    nowMs = Date.now();
    expect(get(1)).toBe(1);
    nowMs += 500;
    expect(get(2)).toBe(2);
    nowMs += LATER_MS;
    expect(get(3)).toBe(3);
    expect(get(4)).toBe(3);
  });

  it('by a clock that is ahead of ours, settle too once they were seen long enough', () => {
    nowMs = Date.now() - 10 * LATER_MS;
    expect(get(1)).toBe(1);
    nowMs += 2500;
    expect(get(2)).toBe(2);
    expect(get(3)).toBe(2);
  });
});

describe('the number of entries', () => {
  it('is bounded, the least recently used going first', () => {
    for (const key of ['a', 'b', 'c', 'a', 'd']) get(1, key);
    expect(cache.size).toBe(3);
    expect(loads).toBe(4);
    get(1, 'a');
    expect(loads).toBe(4);
    get(1, 'b');
    expect(loads).toBe(5);
  });

  it('shrinks when the files of an entry are found no more', () => {
    get(1);
    const missing = (): never => {
      throw new Error('missing');
    };
    expect(() => cache.get('key', 2, missing)).toThrow('missing');
    expect(cache.size).toBe(0);
  });
});
