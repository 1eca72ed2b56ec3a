import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAttempt } from '../../src/daemon/backoff.js';

const minute = 60_000;
const times = { firstMs: minute, maxMs: 60 * minute, giveUpAfter: 5 * 24 * 60 * minute };

describe('nextAttempt', () => {
  it('doubles the wait from attempt to attempt, up to the cap', () => {
    const waits = [1, 2, 3, 10, 100].map((attempts) => nextAttempt(attempts, 0, 0, times, 0.5));
    expect(waits).toEqual([minute, 2 * minute, 4 * minute, 60 * minute, 60 * minute]);
  });

  it('spreads the wait by a quarter either way', () => {
    expect(nextAttempt(1, 0, 0, times, 0)).toBe(0.75 * minute);
    expect(nextAttempt(1, 0, 0, times, 1)).toBe(1.25 * minute);
  });

  it('gives up when the time is up, and tries a last time at that moment', () => {
    expect(nextAttempt(50, 0, times.giveUpAfter, times, 0.5)).toBeUndefined();
    expect(nextAttempt(50, 0, times.giveUpAfter - 1, times, 0.5)).toBe(times.giveUpAfter);
  });

  it('never answers with a time that has passed', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(times.giveUpAfter - 1), fc.float({ min: 0, max: 1, noNaN: true }), (attempts, now, random) => {
        expect(nextAttempt(attempts, 0, now, times, random)).toBeGreaterThan(now);
      }),
    );
  });
});
