import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { ExportOutput, exportMark } from '../../src/export/output.js';
import { makeTemp } from '../kit/temp.js';

let place: string;
let out: string;
beforeEach(() => {
  place = makeTemp('output');
  out = join(place, 'evidence');
});

const begin = (force = false) => new ExportOutput(out, { force });
const taken = expect.objectContaining({ code: 'export-there' });

test('under its name an export is complete or not there, and nothing else is left', () => {
  const output = begin();
  writeFileSync(output.inWork('mail'), 'all of it', { mode: 0o600 });
  expect(existsSync(out)).toBe(false);
  expect(statSync(output.work).mode & 0o777).toBe(0o700);
  output.publish([{ name: 'mail', to: out }]);
  expect(readFileSync(out, 'utf8')).toBe('all of it');
  expect(readdirSync(place)).toEqual(['evidence']);
});

test('nothing is left of one that is given up', () => {
  const output = begin();
  writeFileSync(output.inWork('mail'), 'part');
  output.discard();
  expect(readdirSync(place)).toEqual([]);
});

test('what a killed export left is removed by the next one; what a living one makes is not', () => {
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  const prefix = `.evidence.${hostname().replace(/[^\w-]/g, '_')}.partial-`;
  for (const name of [`${prefix}${dead}`, `${prefix}1`, '.evidence.elsewhere.partial-1', '.other']) mkdirSync(join(place, name));
  begin().discard();
  expect(readdirSync(place).sort()).toEqual(['.evidence.elsewhere.partial-1', `${prefix}1`, '.other'].sort());
});

test('a directory of somebody else is not taken for one, nor a link', { skip: process.getuid?.() !== 0 }, () => {
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  const prefix = `.evidence.${hostname().replace(/[^\w-]/g, '_')}.partial-`;
  const strangers = join(place, `${prefix}${dead}`);
  mkdirSync(strangers);
  chownSync(strangers, 65534, 65534);
  symlinkSync('/etc', join(place, `${prefix}${dead + 100_000_000}`));
  begin().discard();
  expect(readdirSync(place)).toHaveLength(2);
});

describe('what is there already', () => {
  test('stays, without --force', () => {
    writeFileSync(out, 'older');
    expect(() => begin()).toThrow(taken);
    expect(readFileSync(out, 'utf8')).toBe('older');
  });

  test('stays when it came while the export was made', () => {
    const output = begin();
    writeFileSync(output.inWork('mail'), 'new');
    writeFileSync(out, 'came meanwhile');
    expect(() => output.publish([{ name: 'mail', to: out }])).toThrow(taken);
    expect(readFileSync(out, 'utf8')).toBe('came meanwhile');
  });

  test('a file is replaced with --force', () => {
    writeFileSync(out, 'older');
    const output = begin(true);
    writeFileSync(output.inWork('mail'), 'new');
    output.publish([{ name: 'mail', to: out }]);
    expect(readFileSync(out, 'utf8')).toBe('new');
  });

  test('a directory is replaced with --force only if an export made it', () => {
    mkdirSync(out);
    writeFileSync(join(out, 'diary.txt'), 'mine');
    expect(() => begin(true)).toThrow(taken);
    writeFileSync(join(out, 'manifest.json'), `{${exportMark}}`);
    const output = begin(true);
    mkdirSync(output.inWork('mail'));
    output.publish([{ name: 'mail', to: out }]);
    expect(readdirSync(out)).toEqual([]);
    expect(readdirSync(place)).toEqual(['evidence']);
  });
});
