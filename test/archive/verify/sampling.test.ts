import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ruledOutShare, type SampleSize, Sampling } from '../../../src/archive/verify/sampling.js';

const ids = Array.from({ length: 20_000 }, () => randomBytes(16));

function chosen(size: SampleSize, seed: string, offered: readonly Buffer[] = ids): string[] {
  const sampling = new Sampling(size, seed);
  for (const id of offered) sampling.offer(id);
  sampling.settle();
  return ids.filter((id) => sampling.has(id)).map((id) => id.toString('hex'));
}

test('a counted sample has so many, the same for the same seed, whatever the order', () => {
  const first = chosen({ count: 137 }, 'spring');
  expect(first).toHaveLength(137);
  expect(chosen({ count: 137 }, 'spring', ids.toReversed())).toEqual(first);
  expect(chosen({ count: 137 }, 'autumn')).not.toEqual(first);
});

test('an id that is told of twice counts once', () => {
  expect(chosen({ count: 137 }, 'spring', [...ids, ...ids])).toEqual(chosen({ count: 137 }, 'spring'));
});

test('a sample larger than all is all', () => {
  expect(chosen({ count: 50_000 }, 'spring')).toHaveLength(ids.length);
});

test('a share is met within what chance allows, and a smaller one is part of it', () => {
  const tenth = chosen({ share: 0.1 }, 'spring');
  // Five standard deviations of a binomial distribution: 42 each.
  expect(Math.abs(tenth.length - 2000)).toBeLessThan(212);
  const hundredth = chosen({ share: 0.01 }, 'spring');
  expect(tenth).toEqual(expect.arrayContaining(hundredth));
  expect(chosen({ share: 1 }, 'spring')).toHaveLength(ids.length);
});

test('nothing found in n says: with 95 % confidence, fewer than about 3 in n', () => {
  expect(ruledOutShare(300, 1_000_000)).toBeCloseTo(0.00994, 5);
  expect((1 - ruledOutShare(300, 1_000_000)) ** 300).toBeCloseTo(0.05, 10);
  expect(ruledOutShare(0, 10)).toBe(1);
  expect(ruledOutShare(10, 10)).toBe(0);
});
