import { expect, test } from 'vitest';
import { freshOctets } from '../src/fresh-octets.js';

test('octets are given once, also where one fetch ends and the next begins', () => {
  const given = Array.from({ length: 3000 }, () => freshOctets(16).toString('hex'));
  expect(new Set(given).size).toBe(given.length);
});

test('what is given is the caller’s own: writing to it alters nothing that is given later', () => {
  freshOctets(16).fill(0);
  expect(freshOctets(16).equals(Buffer.alloc(16))).toBe(false);
});

test('every octet value comes, in its share', () => {
  const counts = new Uint32Array(256);
  for (let n = 0; n < 4096; n++) for (const octet of freshOctets(16)) counts[octet] = (counts[octet] ?? 0) + 1;
  // 256 expected of each: outside 128 to 384 is eight standard deviations away.
  expect(Math.min(...counts)).toBeGreaterThan(128);
  expect(Math.max(...counts)).toBeLessThan(384);
});
