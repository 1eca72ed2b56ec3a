import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addFile } from '../../src/disk/durable.js';
import { makeTemp } from '../kit/temp.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('durable');
});

describe('addFile', () => {
  it('leaves the file with its bytes and mode, and nothing else', () => {
    addFile(directory, 'a.crt', Buffer.from('whole'), 0o644);
    expect(readFileSync(join(directory, 'a.crt'), 'utf8')).toBe('whole');
    expect(statSync(join(directory, 'a.crt')).mode & 0o777).toBe(0o644);
    expect(statSync(join(directory, 'a.crt')).nlink).toBe(1);
    expect(readdirSync(directory)).toEqual(['a.crt']);
  });

  it('never replaces a file that is there', () => {
    writeFileSync(join(directory, 'a.crt'), 'theirs');
    expect(() => addFile(directory, 'a.crt', Buffer.from('ours'), 0o644)).toThrow(/EEXIST/);
    expect(readFileSync(join(directory, 'a.crt'), 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['a.crt']);
  });

  it('goes on after having been killed half way', () => {
    writeFileSync(join(directory, '.a.crt.tmp'), 'hal');
    addFile(directory, 'a.crt', Buffer.from('whole'), 0o644);
    expect(readFileSync(join(directory, 'a.crt'), 'utf8')).toBe('whole');
    expect(readdirSync(directory)).toEqual(['a.crt']);
  });
});
