import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { LocatedRecords } from '../../src/audit/located.js';
import { newEntry } from '../../src/audit/record.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp } from '../kit/temp.js';
import { day, linesOf, noon, openWriter } from './chain.js';

let audit: string;
const [one, other, third] = [0, 1, 2].map((n) => newMessageId(noon.getTime() + n)) as [string, string, string];

beforeEach(async () => {
  audit = join(makeTemp('located'), 'audit');
  let now = noon;
  const writer = await openWriter(audit, () => now);
  await writer.append([newEntry('accepted', { id: one }, { file: 'é.eml' }), newEntry('accepted', { id: other }, { file: 'two' })]);
  await writer.append([newEntry('committed', { id: one, outcome: 'handed-to-mta' }, { copies: [] })]);
  now = new Date(noon.getTime() + 86_400_000);
  await writer.append([newEntry('handed-over', { outcome: 'taken-by-mta' }, { ids: [one, other, third], apartFrom: [] })]);
  await writer.append([newEntry('released', { id: one }, { by: 0 })]);
  await writer.close();
});

const located = (...ids: string[]) => new LocatedRecords(audit, new Set(ids), noon);
const eventsOf = (records: LocatedRecords, id: string) => records.of(id).map(({ record }) => record.event);

test('finds the records of each message in order, over files, with those about many messages', () => {
  const records = located(one, other);
  expect(eventsOf(records, one)).toEqual(['accepted', 'committed', 'handed-over', 'released']);
  expect(eventsOf(records, other)).toEqual(['accepted', 'handed-over']);
  expect(eventsOf(records, third)).toEqual([]);
  expect(records.of(one)[0]?.detail).toEqual({ file: 'é.eml' });
});

test('gives the very lines of the files; details that name many messages once, when all is asked for', () => {
  const records = located(one);
  const [first] = records.of(one);
  expect(linesOf(join(audit, `${day}.chain.jsonl`))).toContain(first?.chainLine);
  expect(linesOf(join(audit, `${day}.details.jsonl`))).toContain(first?.detailsLine);
  expect(records.of(one)[2]?.detailsLine).toBeUndefined();
  const all = [...located(one, other).all()];
  expect(all.map(({ record }) => record.seq)).toEqual([2, 3, 4, 6, 7]);
  expect(all.map(({ detailsLine }) => detailsLine !== undefined)).toEqual([true, true, true, true, true]);
});

test('has nothing for no ids, and nothing where there is no trail', () => {
  expect([...located().all()]).toEqual([]);
  expect(new LocatedRecords('/nonexistent', new Set([one]), noon).of(one)).toEqual([]);
});

describe('details', () => {
  const detailsFile = () => join(audit, `${day}.details.jsonl`);
  const rewrite = (change: (text: string) => string) => writeFileSync(detailsFile(), change(readFileSync(detailsFile(), 'utf8')));

  test('that were erased are not there; the record is', () => {
    rewrite((text) => text.replace(/^\{"seq":2,.*$/m, '{"seq":2,"erased":true}'));
    const [first] = located(one).of(one);
    expect(first).toMatchObject({ record: { event: 'accepted' }, detail: undefined, detailsLine: undefined });
  });

  test('that are not what the chain committed to are not believed', () => {
    rewrite((text) => text.replace('é.eml', 'e.eml'));
    expect(located(one).of(one)[0]?.detail).toBeUndefined();
  });

  test('that were erased after the look: says so, and never takes another line for them', () => {
    const records = located(one);
    rewrite((text) => text.replace(/^\{"seq":2,.*$/m, '{"seq":2,"erased":true}'));
    expect(() => records.of(one)).toThrow(expect.objectContaining({ code: 'trail-changed' }));
  });
});
