import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { newEntry } from '../../src/audit/record.js';
import { trailOf } from '../../src/audit/trail.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp } from '../kit/temp.js';
import { openWriter } from './chain.js';

const [first, second] = [newMessageId(1), newMessageId(2)];

let directory: string;
beforeEach(async () => {
  directory = makeTemp('audit');
  let now = new Date();
  const writer = await openWriter(directory, () => now);
  for (const day of ['22', '23', '24']) {
    now = new Date(`2026-11-${day}T10:00:00Z`);
    await writer.append([
      newEntry(`day-${day}`, { id: first }, { day }),
      newEntry(`day-${day}`, { id: second }, { day }),
      newEntry('other', {}, {}),
    ]);
  }
  await writer.close();
});

test('the records of the messages asked for, oldest first, with their details', () => {
  const trail = trailOf(directory, new Set([first]), new Date('2026-11-22T00:00:00Z'));
  expect([...trail.keys()]).toEqual([first]);
  expect(trail.get(first)?.map(({ event, detail }) => [event, detail])).toEqual([
    ['day-22', { day: '22' }],
    ['day-23', { day: '23' }],
    ['day-24', { day: '24' }],
  ]);
});

test('days before the one before `since` are not read', () => {
  const trail = trailOf(directory, new Set([first]), new Date('2026-11-24T00:00:00Z'));
  expect(trail.get(first)?.map(({ event }) => event)).toEqual(['day-23', 'day-24']);
});

test('erased details are undefined, the record stays', () => {
  const path = join(directory, '2026-11-24.details.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\{"seq":(\d+),.*$/gm, '{"seq":$1,"erased":true}'));
  const trail = trailOf(directory, new Set([second]), new Date('2026-11-25T00:00:00Z'));
  expect(trail.get(second)?.map(({ event, detail }) => [event, detail])).toEqual([['day-24', undefined]]);
});

test('nothing asked, nothing read', () => {
  expect(trailOf('/nowhere', new Set(), new Date(0)).size).toBe(0);
});
