import { describe, expect, it } from 'vitest';
import { durationWords, parseDuration, parseSize, sizeWords } from '../../src/config/sizes.js';

describe('parseSize', () => {
  it.each([
    [1000, 1000],
    ['1000', 1000],
    ['100MiB', 104_857_600],
    ['512KiB', 524_288],
    ['5GB', 5_000_000_000],
    ['10 kB', 10_000],
    ['1.5GiB', 1_610_612_736],
    ['100mib', 104_857_600],
    ['0', 0],
  ])('reads %j as %i bytes', (value, expected) => {
    expect(parseSize(value)).toBe(expected);
  });

  it.each([
    '',
    'MiB',
    '-1',
    '1e3',
    '100 mebibytes',
    '0x10',
    '9999999999999999TiB',
    '1.2.3',
    ' 1',
    '1constructor',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
  ])('refuses %j', (value) => {
    expect(parseSize(value)).toBeUndefined();
  });
});

describe('parseDuration', () => {
  it.each([
    [5000, 5000],
    ['5d', 432_000_000],
    ['12h', 43_200_000],
    ['15m', 900_000],
    ['30s', 30_000],
    ['250ms', 250],
    ['5 days', 432_000_000],
    ['1 hour', 3_600_000],
    ['1.5h', 5_400_000],
    ['5000', 5000],
  ])('reads %j as %i ms', (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });

  it.each(['', 'd', '-5d', '5 weeks', '5dd', 'P5D', -1, Number.NaN])('refuses %j', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });
});

describe('the words for people', () => {
  it('are exact, in the largest unit that fits', () => {
    expect([0, 1000, 1024, 1536, 104_857_600].map(sizeWords)).toEqual(['0 bytes', '1000 bytes', '1KiB', '1536 bytes', '100MiB']);
    expect([0, 250, 1000, 90_000, 3_600_000, 432_000_000].map(durationWords)).toEqual(['0ms', '250ms', '1s', '90s', '1h', '5d']);
  });

  it('can be read back', () => {
    for (const amount of [1024, 104_857_600, 5 * 1024 ** 3]) expect(parseSize(sizeWords(amount))).toBe(amount);
    for (const amount of [250, 90_000, 432_000_000]) expect(parseDuration(durationWords(amount))).toBe(amount);
  });
});
