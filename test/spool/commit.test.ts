import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { commitCopy, type RecordedCopy, resumeCommit } from '../../src/spool/commit.js';
import { ensureMarker } from '../../src/spool/staging-marker.js';
import { makePickup } from './spool.js';

const bytes = 'x-sender: steve@example.com\r\n';
const name = 'copy-1.eml';

let place: { staging: string; pickup: string };
let marker: string;
beforeEach(() => {
  place = makePickup();
  marker = ensureMarker(place.staging);
  writeFileSync(`${place.staging}/${name}`, bytes);
});

describe('a commit', () => {
  test('moves the staged file into pickup', () => {
    expect(commitCopy({ ...place, marker }, name)).toBe('committed');
    expect(readFileSync(`${place.pickup}/${name}`, 'utf8')).toBe(bytes);
    expect(readdirSync(place.staging)).toEqual([marker]);
  });

  test('waits while pickup is not there, and works when it is back', () => {
    renameSync(place.pickup, `${place.pickup}.away`);
    expect(() => commitCopy({ ...place, marker }, name)).toThrow(expect.objectContaining({ disposition: 'wait' }));
    renameSync(`${place.pickup}.away`, place.pickup);
    expect(commitCopy({ ...place, marker }, name)).toBe('committed');
  });

  test('waits while staging is not there, or is not the one it was', () => {
    renameSync(place.staging, `${place.staging}.away`);
    expect(() => commitCopy({ ...place, marker }, name)).toThrow(expect.objectContaining({ disposition: 'wait' }));
    renameSync(`${place.staging}.away`, place.staging);
    for (const each of [marker, name]) unlinkSync(`${place.staging}/${each}`);
    expect(() => commitCopy({ ...place, marker }, name)).toThrow(expect.objectContaining({ disposition: 'wait' }));
  });

  test('is unknown when the staged file is gone although the directory is the one it was', () => {
    unlinkSync(`${place.staging}/${name}`);
    expect(commitCopy({ ...place, marker }, name)).toBe('unknown');
  });
});

describe('a commit resumed after a crash', () => {
  test('is made when the staged file is there', () => {
    expect(resumed()).toBe('committed');
    expect(existsSync(`${place.pickup}/${name}`)).toBe(true);
  });

  test('had been made when the staged file is gone and the marker is there: nothing is sent again', () => {
    unlinkSync(`${place.staging}/${name}`);
    expect(resumed()).toBe('committed');
    expect(readdirSync(place.pickup)).toEqual([]);
  });

  test('is a possible duplicate when the staged file is there again after a reboot', () => {
    expect(resumed({ bootId: 'an earlier boot' })).toBe('possible-duplicate');
    expect(existsSync(`${place.pickup}/${name}`)).toBe(true);
  });

  test('had been made before the reboot when the staged file is gone and the marker is there', () => {
    unlinkSync(`${place.staging}/${name}`);
    expect(resumed({ bootId: 'an earlier boot' })).toBe('committed');
  });

  test.each([
    ['staging was emptied', () => readdirSync(place.staging).map((each) => unlinkSync(`${place.staging}/${each}`))],
    ['staging is gone', () => rmSync(place.staging, { recursive: true })],
    ['another marker stands there', () => renameSync(`${place.staging}/${marker}`, `${place.staging}/sealdrop-marker.${'0'.repeat(32)}`)],
  ])('is unknown when the staged file is gone and %s', (_how, change) => {
    rmSync(`${place.staging}/${name}`);
    change();
    expect(resumed()).toBe('unknown');
    expect(readdirSync(place.pickup)).toEqual([]);
  });

  test('is unknown when the intent names no marker', () => {
    unlinkSync(`${place.staging}/${name}`);
    expect(resumed({ marker: undefined })).toBe('unknown');
  });

  test('is unknown when the staged file has other bytes than the intent names: they are not sent', () => {
    writeFileSync(`${place.staging}/${name}`, 'torn');
    expect(resumed()).toBe('unknown');
    expect(readdirSync(place.pickup)).toEqual([]);
  });

  test('waits while pickup is not there', () => {
    rmSync(place.pickup, { recursive: true });
    expect(() => resumed()).toThrow(expect.objectContaining({ disposition: 'wait' }));
    expect(existsSync(`${place.staging}/${name}`)).toBe(true);
  });

  function resumed(changes: Partial<RecordedCopy> = {}) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return resumeCommit(place, { name, sha256, bootId: 'this boot', marker, ...changes }, 'this boot');
  }
});
