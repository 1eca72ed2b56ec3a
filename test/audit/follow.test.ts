import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { idsBetween } from '../../src/audit/follow.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp, removeTemp } from '../kit/temp.js';

const pattern = /"event":"committed","id":"([0-9a-f-]{36})"/;
const days = ['2026-11-24', '2026-11-24.0002', '2026-11-27'];
let directory: string;
let ids: string[];

const path = (day: string) => join(directory, `${day}.chain.jsonl`);
const endOf = (segment: string) => ({ segment, offset: statSync(path(segment)).size });
const start = { segment: days[0] ?? '', offset: 0 };
const end = () => endOf(days[2] ?? '');

beforeEach(() => {
  directory = makeTemp('follow');
  ids = Array.from({ length: 9000 }, (_, n) => newMessageId(n));
  for (const [index, day] of days.entries()) {
    const lines = ids
      .slice(index * 3000, (index + 1) * 3000)
      .flatMap((id) => [`{"event":"accepted","id":"${id}","pad":"${'x'.repeat(100)}"}\n`, `{"event":"committed","id":"${id}"}\n`]);
    writeFileSync(path(day), lines.join(''));
  }
});
afterEach(() => removeTemp(directory));

describe('ids in the chain from one place to another', () => {
  test('are those of the event asked for, in order, over several segments', async () => {
    expect(await idsBetween(directory, start, end(), pattern, 100_000)).toEqual({ ids, at: end() });
  });

  test('can be read a part at a time, each beginning where the one before ended', async () => {
    const read: string[] = [];
    let at = start;
    for (let part = 0; part < 20 && read.length < ids.length; part++) {
      const next = await idsBetween(directory, at, end(), pattern, 700);
      expect(next.ids.length).toBeLessThanOrEqual(700);
      read.push(...next.ids);
      at = next.at;
    }
    expect(read).toEqual(ids);
  });

  test('end where they are told to, although there is more', async () => {
    const to = { segment: days[1] ?? '', offset: 0 };
    expect(await idsBetween(directory, start, to, pattern, 100_000)).toEqual({ ids: ids.slice(0, 3000), at: to });
    expect((await idsBetween(directory, to, to, pattern, 100_000)).ids).toEqual([]);
  });

  test('do not need a day that has been erased, and pass over a line longer than a piece', async () => {
    writeFileSync(path('2026-11-26'), `{"pad":"${'x'.repeat(700_000)}"}\n{"event":"committed","id":"${ids[0]}"}\n`);
    const from = { segment: '2026-11-01', offset: 12 };
    const read = await idsBetween(directory, from, end(), pattern, 100_000);
    expect(read.ids).toHaveLength(9001);
  });
});
