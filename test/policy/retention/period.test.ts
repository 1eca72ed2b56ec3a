import { describe, expect, it } from 'vitest';
import { firstDayAfter, parsePeriod, periodWords } from '../../../src/policy/retention/period.js';

describe('a period', () => {
  it.each([
    ['10 years', '2016-11-25T12:00:00.000Z', '2026-11-26'],
    ['10y', '2016-11-25T00:00:00.000Z', '2026-11-26'],
    ['1 year', '2024-02-29T23:59:59.999Z', '2025-03-01'],
    ['4 years', '2024-02-29T00:00:00.000Z', '2028-03-01'],
    ['1 month', '2025-01-31T08:00:00.000Z', '2025-03-01'],
    ['18 months', '2024-08-31T08:00:00.000Z', '2026-03-01'],
    ['1 month', '2025-12-31T08:00:00.000Z', '2026-02-01'],
    ['90 days', '2025-01-01T23:00:00.000Z', '2025-04-02'],
    ['1 day', '2024-12-31T00:00:00.000Z', '2025-01-02'],
  ])('of %s from %s is over at the beginning of %s', (text, from, until) => {
    const period = parsePeriod(text);
    expect(period).toBeDefined();
    if (period !== undefined) expect(new Date(firstDayAfter(Date.parse(from), period)).toISOString()).toBe(`${until}T00:00:00.000Z`);
  });

  it.each(['6m', '6M', '10', '0 days', '1.5 years', 'ten years', '-1 day', '99999 years', '', '10  years'])('cannot be %j', (text) => {
    expect(parsePeriod(text)).toBeUndefined();
  });

  it('is shown in words', () => {
    expect(periodWords({ count: 1, unit: 'years' })).toBe('1 year');
    expect(periodWords({ count: 90, unit: 'days' })).toBe('90 days');
  });
});
