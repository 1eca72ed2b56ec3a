import { expect, test } from 'vitest';
import { summary } from './reporter.js';

test('a benchmark that ran before the tests counts as one of them, and is named if it failed', () => {
  expect(summary([], 0, false, undefined)).toEqual(['', '0 passed, 0 failed, 0 skipped']);
  expect(summary([], 0, false, 'passed').at(-1)).toBe('1 passed, 0 failed, 0 skipped');
  const failed = summary([], 1, false, 'failed');
  expect(failed.at(-1)).toBe('0 passed, 2 failed, 0 skipped');
  expect(failed.join('\n')).toContain('The benchmark failed');
});
