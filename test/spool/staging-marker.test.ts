import { mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ensureMarker, hasMarker, requireMarker } from '../../src/spool/staging-marker.js';
import { makeTemp } from '../kit/temp.js';

let staging: string;
beforeEach(() => {
  staging = makeTemp('staging');
});

test('a staging directory keeps its marker from one start to the next', () => {
  const marker = ensureMarker(staging);
  expect(ensureMarker(staging)).toBe(marker);
  expect(readdirSync(staging)).toEqual([marker]);
  expect(hasMarker(staging, marker)).toBe(true);
});

test('no two directories have the same marker, and an emptied one gets a new one', () => {
  const marker = ensureMarker(staging);
  expect(ensureMarker(makeTemp('staging'))).not.toBe(marker);
  unlinkSync(join(staging, marker));
  expect(hasMarker(staging, marker)).toBe(false);
  expect(ensureMarker(staging)).not.toBe(marker);
});

test('emptying the directory in the usual way takes the marker along: it is no dot-file', () => {
  expect(ensureMarker(staging).startsWith('.')).toBe(false);
});

test('no other file passes for a marker', () => {
  writeFileSync(join(staging, 'a.eml'), '');
  for (const name of ['', '.', 'a.eml', '../staging', 'sealdrop-marker.x']) expect(hasMarker(staging, name), name).toBe(false);
});

test('before an intent the directory must be the one it was, otherwise it is waited for', () => {
  const marker = ensureMarker(staging);
  expect(() => requireMarker(staging, marker)).not.toThrow();
  renameSync(staging, `${staging}.away`);
  mkdirSync(staging);
  expect(() => requireMarker(staging, marker)).toThrow(expect.objectContaining({ code: 'staging-lost', disposition: 'wait' }));
  expect(() => requireMarker(staging, '')).toThrow(expect.objectContaining({ code: 'staging-lost' }));
});

test('a directory that is not there is waited for', () => {
  const marker = ensureMarker(staging);
  const missing = expect.objectContaining({ code: 'directory-missing', disposition: 'wait' });
  expect(() => requireMarker(join(staging, 'gone'), marker)).toThrow(missing);
  expect(() => ensureMarker(join(staging, 'gone'))).toThrow(missing);
});
