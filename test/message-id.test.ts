import { expect, test } from 'vitest';
import { isMessageId, newMessageId, timeOfMessageId } from '../src/message-id.js';

test('a message id is a UUID of version 7 that carries the time of claim', () => {
  const now = Date.UTC(2026, 10, 24, 9, 12, 0, 123);
  const id = newMessageId(now);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(timeOfMessageId(id).getTime()).toBe(now);
  expect(isMessageId(id)).toBe(true);
});

test('ids of one millisecond differ, and later ones sort behind', () => {
  const now = Date.now();
  const ids = Array.from({ length: 1000 }, () => newMessageId(now));
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => id < newMessageId(now + 1))).toBe(true);
});

test.each([
  '',
  'a',
  '../../etc/passwd',
  '018f0000-0000-4000-8000-000000000000',
  '018f0000-0000-7000-0000-000000000000',
  `${newMessageId(1)}\n`,
  newMessageId(1).toUpperCase(),
])('%j is not one', (text) => {
  expect(isMessageId(text)).toBe(false);
});
