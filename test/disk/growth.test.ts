import { describe, expect, it } from 'vitest';
import { daysLeft, growthOf, type Sample, withSample } from '../../src/disk/growth.js';

const [day, hour] = [86_400_000, 3_600_000];
const now = Date.parse('2026-11-25T12:00:00Z');
const room = (usedBytes: number, usedInodes = 0) => ({
  path: '/spool',
  device: 1,
  usedBytes,
  freeBytes: 10_000 - usedBytes,
  totalBytes: 10_000,
  usedInodes,
  freeInodes: 1000 - usedInodes,
  totalInodes: 1000,
});
const sample = (daysAgo: number, usedBytes: number, usedInodes = 0): Sample => ({ timeMs: now - daysAgo * day, usedBytes, usedInodes });
const none = { bytes: 0, inodes: 0 };

describe('how fast a file system fills', () => {
  it('is not known in the first day', () => {
    expect(growthOf([], room(100), now)).toBeUndefined();
    expect(growthOf([sample(0.9, 0)], room(100), now)).toBeUndefined();
  });

  it('goes by the last week alone', () => {
    expect(growthOf([sample(30, 0), sample(5, 4000), sample(1, 4200)], room(5000, 10), now)).toEqual({ bytesPerDay: 200, inodesPerDay: 2 });
  });

  it('is negative when more was removed than added, and then nothing runs out', () => {
    const growth = growthOf([sample(2, 4000)], room(3000), now);
    expect(growth).toEqual({ bytesPerDay: -500, inodesPerDay: 0 });
    expect(daysLeft(room(3000), none, growth ?? { bytesPerDay: 0, inodesPerDay: 0 })).toBeUndefined();
  });
});

describe('how long it lasts', () => {
  it('is until no more than the reserve is left, of octets or of inodes', () => {
    expect(daysLeft(room(6000), { bytes: 1000, inodes: 0 }, { bytesPerDay: 300, inodesPerDay: 0 })).toBe(10);
    expect(daysLeft(room(6000, 500), { bytes: 1000, inodes: 100 }, { bytesPerDay: 300, inodesPerDay: 100 })).toBe(4);
    expect(daysLeft(room(9500), { bytes: 1000, inodes: 0 }, { bytesPerDay: 300, inodesPerDay: 0 })).toBe(0);
  });
});

describe('samples', () => {
  it('are taken once an hour and kept for a week', () => {
    let samples: readonly Sample[] = [];
    for (let minute = 0; minute < 60 * 24 * 20; minute += 10) samples = withSample(samples, room(minute), now + minute * 60_000);
    expect(samples.length).toBeLessThanOrEqual(7 * 24 + 2);
    expect(samples.slice(1).every(({ timeMs }, index) => timeMs - (samples[index]?.timeMs ?? 0) === hour)).toBe(true);
  });

  it('that lie ahead of a clock that was set back do not count', () => {
    expect(withSample([sample(2, 100), sample(-5, 900)], room(200), now).map(({ usedBytes }) => usedBytes)).toEqual([100, 200]);
  });
});
