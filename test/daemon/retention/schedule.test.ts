import { expect, test } from 'vitest';
import { minutesUntil } from '../../../src/daemon/retention/schedule.js';

test.each([
  ['2026-11-25T03:00:00.000Z', 210, 30],
  ['2026-11-25T03:29:30.000Z', 210, 0.5],
  ['2026-11-25T03:30:00.000Z', 210, 1440],
  ['2026-11-25T23:59:00.000Z', 0, 1],
])('at %s it is so long until minute %i of the day: %d minutes', (now, minute, minutes) => {
  expect(minutesUntil(minute, new Date(now))).toBe(minutes);
});
