import { appendFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/archive/index/database.js';
import { buildingFile, lockFile } from '../../../src/archive/index/place.js';
import { newEntry } from '../../../src/audit/record.js';
import { removeTemp } from '../../kit/temp.js';
import { message, Trail } from './trail.js';

const [first, second, third] = [message(1), message(2), message(3)];
let trail: Trail;
beforeEach(async () => {
  trail = new Trail();
  await trail.append(...trail.handedOver(first));
});
afterEach(async () => {
  await trail.close();
  removeTemp(trail.directory);
});

describe('the index', () => {
  test('is made where there is none, and then only goes on from where it is', async () => {
    expect(await trail.update()).toMatchObject({ kind: 'current', records: 4, messages: 1, rebuilt: true });
    expect(await trail.update()).toMatchObject({ kind: 'current', records: 0, messages: 0, rebuilt: false });
    await trail.append(...trail.handedOver(second));
    expect(await trail.update()).toMatchObject({ records: 3, messages: 1, rebuilt: false });
    expect(trail.ids()).toEqual([second.id, first.id]);
  });

  test('goes on into the next segment', async () => {
    const days = new Trail(() => day);
    let day = new Date('2026-11-24T23:59:00Z');
    await days.append(...days.handedOver(first));
    await days.update();
    day = new Date('2026-11-25T00:01:00Z');
    await days.append(...days.handedOver(second));
    expect(await days.update()).toMatchObject({ records: 4, rebuilt: false });
    expect(days.ids()).toEqual([second.id, first.id]);
    await days.close();
  });

  test('takes no record that is not written to its end', async () => {
    await trail.update();
    const chain = join(trail.place.audit, '2026-11-25.chain.jsonl');
    const whole = statSync(chain).size;
    appendFileSync(chain, '{"seq":5,"time":"2026-11-25T12:00:00.000Z","event":"accepted"');
    expect(await trail.update()).toMatchObject({ records: 0 });
    truncateSync(chain, whole);
    await trail.append(...trail.handedOver(second));
    expect(await trail.update()).toMatchObject({ records: 3, rebuilt: false });
  });

  test('writes what comes later about a message that stands in it', async () => {
    const [accepted, intent, committed] = trail.handedOver(second);
    for (const entry of [
      accepted,
      newEntry('quarantined', { id: second.id, outcome: 'x' }, { ticket: {} }),
      newEntry('requeued', { id: second.id }, {}),
      intent,
      committed,
    ]) {
      if (entry !== undefined) await trail.append(entry);
      await trail.update();
    }
    expect(trail.find({ subject: second.subject })).toMatchObject([
      { id: second.id, state: 'handed-to-mta', file: expect.any(String), visible: second.visible },
    ]);
    await trail.append(
      newEntry('rejected', { id: second.id, outcome: 'bounced' }, {}),
      newEntry('handed-over', {}, { ids: [second.id], apartFrom: [] }),
    );
    await trail.update();
    expect(trail.ids({ state: 'rejected-by-mta' })).toEqual([second.id]);
  });

  test('keeps messages of the same millisecond, and of the same first bits, apart', async () => {
    const ids = [0, 1, 2].map((n) => `${first.id.slice(0, 18)}-8${n}00-00000000000${n}`);
    for (const id of ids) {
      await trail.append(...trail.handedOver(message(9, { id, subject: `twin ${id.at(-1)}` })));
      await trail.update();
    }
    for (const id of ids) expect(trail.ids({ subject: `twin ${id.at(-1)}` })).toEqual([id]);
    await trail.append(newEntry('purged', { id: ids[1] }, {}));
    await trail.update({ rebuild: true });
    expect(trail.ids({ state: 'purged' })).toEqual([ids[1]]);
    expect(trail.find()).toHaveLength(4);
  });

  test('finds its details again after retention has rewritten the file', async () => {
    await trail.append(...trail.handedOver(second));
    await trail.update();
    const path = join(trail.place.audit, '2026-11-25.details.jsonl');
    await trail.append(newEntry('purged', { id: first.id }, {}), ...trail.handedOver(third));
    await trail.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, lines.map((line, n) => (n > 0 && n < 4 ? `{"seq":${n + 1},"erased":true}` : line)).join('\n'));
    await trail.update();
    expect(trail.find().map(({ id, subject }) => [id, subject])).toEqual([
      [third.id, third.subject],
      [second.id, second.subject],
      [first.id, undefined],
    ]);
  });
});

describe('an index that cannot be used is made anew, and says why:', () => {
  const notes: string[] = [];
  const options = { onNote: (text: string) => notes.push(text) };
  beforeEach(async () => {
    notes.length = 0;
    await trail.append(
      ...Array.from({ length: 40 }, (_, n) => trail.handedOver(message(n + 10, { subject: `many ${n} ${'x'.repeat(300)}` }))).flat(),
    );
    await trail.update();
  });

  test.each([
    [
      'it is no database',
      () => writeFileSync(trail.file, 'no database at all, but some text that is long enough'.repeat(400)),
      /is damaged/,
    ],
    ['it is empty', () => writeFileSync(trail.file, ''), /was made by another version/],
    ['its middle is overwritten', () => overwrite(trail.file, 0.02), /is damaged/],
    ['its end is cut off', () => truncateSync(trail.file, Math.floor(statSync(trail.file).size / 2)), /is damaged/],
    ['it is of a newer version', () => change('pragma user_version=99'), /was made by another version/],
    ['it is of an older version', () => change('pragma user_version=0'), /was made by another version/],
    ['it is the database of something else', () => change('pragma application_id=1'), /was made by another version/],
    ['a table is missing', () => change('drop table party'), /is damaged/],
  ])('%s', async (_, harm, why) => {
    harm();
    await trail.append(...trail.handedOver(second));
    expect(await trail.update(options)).toMatchObject({ kind: 'current', rebuilt: true });
    expect(notes.join()).toMatch(why);
    expect(trail.find()).toHaveLength(42);
  });

  test('its audit trail is another one, or has lost its end', async () => {
    const chain = join(trail.place.audit, '2026-11-25.chain.jsonl');
    await trail.close();
    const text = readFileSync(chain, 'utf8');
    writeFileSync(chain, `${text.split('\n').slice(0, 4).join('\n')}\n`);
    expect(await trail.update(options)).toMatchObject({ rebuilt: true, messages: 1 });
    expect(notes.join()).toMatch(/belongs to another audit trail/);
    rmSync(trail.place.audit, { recursive: true });
    await trail.append(...trail.handedOver(third));
    expect(await trail.update(options)).toMatchObject({ rebuilt: true });
    expect(trail.ids()).toEqual([third.id]);
  });

  test('the file that says who writes is damaged', async () => {
    writeFileSync(lockFile(trail.place), 'x'.repeat(5000));
    await expect(trail.update()).rejects.toMatchObject({ code: 'index-damaged' });
    expect(await trail.update()).toMatchObject({ kind: 'current' });
  });
});

describe('one process writes', () => {
  test('and another one is told so, while the index can be searched', async () => {
    await trail.update();
    const other = openDatabase(lockFile(trail.place));
    other.exec('begin exclusive');
    expect(await trail.update()).toEqual({ kind: 'busy' });
    expect(trail.ids()).toEqual([first.id]);
    other.close();
    expect(await trail.update()).toMatchObject({ kind: 'current' });
  });

  test('and where it is told to stop, the next one goes on from there', async () => {
    await trail.append(...Array.from({ length: 4200 }, (_, n) => newEntry('accepted', { id: message(n + 10).id }, { file: `f${n}` })));
    expect(await trail.update({ isStopping: () => true })).toEqual({ kind: 'stopped' });
    expect(existsSync(trail.file)).toBe(false);
    const result = await trail.update();
    expect(result).toMatchObject({ kind: 'current', rebuilt: true });
    expect(result.kind === 'current' && result.records).toBeLessThan(200);
    expect(trail.find()).toHaveLength(4201);
    expect(existsSync(buildingFile(trail.place))).toBe(false);
  });
});

test('files of the index can be read by its group and by nobody else', async () => {
  await trail.update();
  expect(statSync(trail.file).mode & 0o777).toBe(0o640);
  expect(statSync(lockFile(trail.place)).mode & 0o777).toBe(0o600);
  expect(statSync(trail.place.index).mode & 0o7777).toBe(0o2750);
});

function change(sql: string): void {
  const database = openDatabase(trail.file);
  database.exec(sql);
  database.close();
}

/** All pages from there on but for their last octets. */
function overwrite(path: string, from: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xff, Math.max(8192, Math.floor(bytes.length * from)));
  writeFileSync(path, bytes);
}
