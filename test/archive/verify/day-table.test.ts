import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { DayTable } from '../../../src/archive/verify/day-table.js';
import { expectedOf } from '../../../src/archive/verify/expected.js';
import { bufferOf, idOfRow, RowWriter } from '../../../src/archive/verify/rows.js';
import { RowsByDay } from '../../../src/archive/verify/rows-by-day.js';
import { newMessageId } from '../../../src/message-id.js';

const noon = Date.UTC(2026, 10, 25, 12);
const hex = (character: string) => character.repeat(64);

test('what several rows say of an id is put together', () => {
  const id = newMessageId(noon);
  const rows = new RowWriter();
  rows.add({ id, kind: 'accepted', sha256: hex('a') });
  rows.add({ id: newMessageId(noon), kind: 'accepted', sha256: hex('b') });
  const place = { segment: 3, offset: 5_000_000_000, sizeBytes: 4096 };
  rows.add({ id, kind: 'archived', form: '.gz', place });
  rows.add({ id, kind: 'stored', sha256: hex('c') });
  const table = new DayTable(bufferOf(rows.take()));
  expect(expectedOf(table.see(octetsOf(id), '.gz'))).toEqual({
    sha256: Buffer.from(hex('a'), 'hex'),
    stored: Buffer.from(hex('c'), 'hex'),
    forms: ['.gz'],
    archived: true,
    second: false,
    intents: [place],
  });
});

test('ids nobody saw are told, and no others; so are kept copies', () => {
  const ids = Array.from({ length: 1000 }, (_, n) => newMessageId(noon + n));
  const rows = new RowWriter();
  for (const id of ids) {
    rows.add({ id, kind: 'archived' });
    rows.add({ id, kind: 'kept', number: 7, form: '', sha256: hex('d') });
  }
  const table = new DayTable(bufferOf(rows.take()));
  for (const id of ids.slice(1)) {
    expect(table.see(octetsOf(id), '')).toHaveLength(2);
    expect(table.seeKept(octetsOf(id), 7, '')).toBeDefined();
    expect(table.seeKept(octetsOf(id), 7, '.p7m')).toBeUndefined();
  }
  expect(table.see(randomBytes(16), '')).toEqual([]);
  expect([...table.unseen()].map(([row]) => idOfRow(row ?? Buffer.alloc(16), 0))).toEqual([ids[0]]);
  expect([...table.unseenKept()].map((row) => idOfRow(row, 0))).toEqual([ids[0]]);
});

test('rows are sorted by day, with little memory through files that are gone afterwards', () => {
  const before = leftovers();
  const byDay = new RowsByDay(1000, (day) => day !== '2026/11/27');
  const ids = Array.from({ length: 90 }, (_, n) => newMessageId(noon + n * 3_600_000));
  for (let at = 0; at < ids.length; at += 9) {
    const rows = new RowWriter();
    for (const id of ids.slice(at, at + 9)) rows.add({ id, kind: 'accepted', sha256: hex('e') });
    byDay.add(rows.take());
  }
  expect(byDay.names).toEqual(['2026/11/25', '2026/11/26', '2026/11/28', '2026/11/29']);
  const taken = byDay.names.flatMap((day) => {
    const rows = byDay.take(day);
    return Array.from({ length: rows.length / 64 }, (_, n) => idOfRow(rows, n * 64));
  });
  expect(taken).toEqual(ids.filter((_, n) => n < 36 || n >= 60));
  byDay.close();
  expect(leftovers()).toEqual(before);
});

function octetsOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function leftovers(): string[] {
  return existsSync(tmpdir()) ? readdirSync(tmpdir()).filter((name) => name.startsWith('sealdrop-verify-')) : [];
}
