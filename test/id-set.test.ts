import { expect, test } from 'vitest';
import { IdSet } from '../src/id-set.js';
import { newMessageId } from '../src/message-id.js';

test('holds ids in their order, each once, however many', () => {
  const ids = Array.from({ length: 5000 }, (_, n) => newMessageId(1_700_000_000_000 + n));
  const set = new IdSet();
  for (const id of ids) expect(set.add(id)).toBe(true);
  for (const id of ids) expect(set.add(id)).toBe(false);
  expect(set.size).toBe(5000);
  expect([...set]).toEqual(ids);
  expect(ids.every((id, index) => set.indexOf(id) === index)).toBe(true);
  expect(set.has(newMessageId(1_700_000_000_000))).toBe(false);
});

test('tells ids apart whose last octets are the same', () => {
  const set = new IdSet();
  set.add('019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7');
  expect(set.has('019ab0c1-2d3e-7f40-8a51-b264c4d5e6f7')).toBe(false);
  expect(set.add('019ab0c2-2d3e-7f40-8a51-b263c4d5e6f7')).toBe(true);
  expect(set.size).toBe(2);
});
