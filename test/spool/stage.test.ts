import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { octetsOf } from '../../src/message/octets.js';
import { stageCopy } from '../../src/spool/stage.js';
import { makeTemp } from '../kit/temp.js';

test('a staged copy is its chunks one after the other, with size and digest of the whole', () => {
  const directory = makeTemp('staging');
  const staged = stageCopy(directory, 'a-1.eml', octetsOf(...[Buffer.from('x-sender: a@example.com\r\n'), Buffer.from('rest')]));
  const whole = readFileSync(join(directory, 'a-1.eml'));
  expect(whole.toString()).toBe('x-sender: a@example.com\r\nrest');
  expect(staged).toEqual({ name: 'a-1.eml', sizeBytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') });
});

test('the MTA may read it through the directory’s group, nobody else', () => {
  const directory = makeTemp('staging');
  stageCopy(directory, 'a-1.eml', octetsOf(...[Buffer.from('a')]));
  expect(statSync(join(directory, 'a-1.eml')).mode & 0o777).toBe(0o640);
});

test('a staged copy never replaces another', () => {
  const directory = makeTemp('staging');
  stageCopy(directory, 'a-1.eml', octetsOf(...[Buffer.from('first')]));
  expect(() => stageCopy(directory, 'a-1.eml', octetsOf(...[Buffer.from('second')]))).toThrow(/EEXIST/);
  expect(readFileSync(join(directory, 'a-1.eml'), 'utf8')).toBe('first');
});

test('a staging directory that is not there is waited for', () => {
  expect(() => stageCopy(join(makeTemp('staging'), 'gone'), 'a-1.eml', octetsOf(...[Buffer.from('a')]))).toThrow(
    expect.objectContaining({ code: 'directory-missing', disposition: 'wait' }),
  );
});
