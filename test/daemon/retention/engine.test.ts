import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeImmutable, proveImmutable } from '../../../src/archive/immutable.js';
import { markSecond } from '../../../src/archive/second.js';
import { verifyTrail } from '../../../src/archive/verify.js';
import { newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import type { Config } from '../../../src/config/schema.js';
import {
  type ChainPort,
  type DestroyReport,
  type DestroyRequest,
  destroy,
  preview,
  type RetentionOptions,
} from '../../../src/daemon/retention/engine.js';
import { retentionPlaces } from '../../../src/daemon/retention/places.js';
import type { MessageQuery } from '../../../src/policy/retention/query.js';
import type { RetentionRule } from '../../../src/policy/retention/rules.js';
import { spoolLayout } from '../../../src/spool/layout.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { type PastMessage, writeHistory } from './history.js';

const by = { uid: 0, user: 'root' };
const year = (count: number) => ({ count, unit: 'years' }) as const;
const tenYears: RetentionRule[] = [{ when: {}, keep: year(10) }];
/** The clock of the tests: a minute after the last message of the history. */
const today = new Date('2026-11-25T12:01:00.000Z');
const last = '2026-11-25T12:00:00.000Z';

/** Not every file system knows the attribute, and not every user may set it. */
const probe = makeTemp('immutable');
const canBeImmutable = await proveImmutable(probe).then(
  () => true,
  () => false,
);
removeTemp(probe);

let spool: string;
let layout: ReturnType<typeof spoolLayout>;
beforeEach(() => {
  spool = makeTemp('retention');
  layout = spoolLayout(spool);
  for (const path of [layout.work, layout.retry, layout.quarantine, layout.refused, layout.again]) mkdirSync(path, { recursive: true });
});
afterEach(() => removeTemp(spool));

const past: PastMessage[] = [
  { time: '2015-03-01T10:00:00.000Z' },
  { time: '2016-11-24T23:59:59.000Z', to: ['bob@example.net', 'carol@bank.example'], rule: 'bank' },
  { time: '2016-11-25T00:00:01.000Z' },
  { time: '2024-01-01T00:00:00.000Z', from: 'ann@example.org' },
  { time: last },
];

describe('purge', () => {
  test('destroys what is past its retention, file and details, and leaves the rest; the trail still verifies', async () => {
    const ids = await writeHistory(spool, past);
    expect(look().unfinished).toBe(0);
    const report = await purge(2);
    expect(report).toMatchObject({ recorded: 2, destroyed: { messages: 2, files: 2, detailLines: 6 }, held: 0 });
    expect(archived()).toEqual(ids.slice(2));
    const details = allDetails();
    expect(details).not.toContain('carol@bank.example');
    expect(details).toContain('ann@example.org');
    expect(details).toContain('letter to bob@example.net');
    expectWhole();
  });

  test('the day on which a period ends still belongs to it', async () => {
    await writeHistory(spool, past);
    expect(look().ids.size).toBe(2);
    expect(look({ now: new Date('2026-11-25T23:59:59.999Z') }).ids.size).toBe(2);
    expect(look({ now: new Date('2026-11-26T00:00:00.000Z') }).ids.size).toBe(3);
  });

  test('of several rules that match, the longest counts; what none matches is kept', async () => {
    const [first, second] = await writeHistory(spool, past);
    const bank: RetentionRule = { when: { to: ['*@bank.example'] }, keep: year(30) };
    expect([...look({ rules: [...tenYears, bank] }).ids]).toEqual([first]);
    expect([...look({ rules: [{ ...bank, keep: year(5) }] }).ids]).toEqual([second]);
    expect([...look({ rules: [{ when: { rule: ['bank'] }, keep: year(5) }] }).ids]).toEqual([second]);
    expect([...look({ rules: [{ when: { rule: ['bank'], to: ['bob@example.net'] }, keep: 'forever' }, ...tenYears] }).ids]).toEqual([
      first,
    ]);
    expect(look({ rules: null }).ids.size).toBe(0);
  });

  test.each([
    ['in capitals', { from: 'CEO@Bank.Example' }],
    ['with another form of an accent', { from: 'ce\u0301o@bank.example' }],
    [
      'beside others in From, where somebody else sends',
      { from: 'clerk@bank.example', authors: ['ceo@bank.example', 'clerk@bank.example'] },
    ],
  ])('whoever submits a message does not get it away sooner, or out of a hold, by an address %s', async (_how, spelt) => {
    await writeHistory(spool, [{ time: '2015-03-01T10:00:00.000Z', ...spelt }, { time: last }]);
    const patterns = ['ceo@bank.example', 'c\u00e9o@bank.example'];
    expect(look().ids.size).toBe(1);
    expect(look({ rules: [...tenYears, { when: { from: patterns }, keep: year(30) }] }).ids.size).toBe(0);
    await hold('H1', { senders: patterns });
    expect(look().ids.size).toBe(0);
  });

  test('what a record names that is no message id keeps nothing else from being destroyed', async () => {
    const ids = await writeHistory(spool, past.slice(0, 2));
    const writer = await AuditWriter.start({ directory: layout.audit, now: () => new Date('2016-11-24T23:59:59.999Z') });
    await writer.append([newEntry('purged', { id: '-'.repeat(36) }, {}), newEntry('accepted', { id: '-'.repeat(36) }, {})]);
    await writer.close();
    await append('noted', {});
    expect((await purge(2)).destroyed).toMatchObject({ messages: 2, files: 2, detailLines: 6 });
    expect(archived()).toEqual(ids.slice(2));
  });

  test('refuses another number than what would be destroyed, and says both', async () => {
    await writeHistory(spool, past);
    const error = await purge(3).catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 'count-differs' });
    expect(String(error)).toMatch(/3 messages were confirmed.*2 now/);
    expect(archived().length).toBe(5);
  });

  test('removes all forms and sealed copies, in every archive, and directories that are empty', async () => {
    const [id = ''] = await writeHistory(spool, past);
    const day = join(layout.archive, '2015', '03', '01');
    renameSync(join(day, `${id}.eml`), join(day, `${id}.eml.gz.p7m`));
    for (const name of [`${id}-1.eml`, `${id}-2.eml`, `.${id}.eml.tmp`]) writeFileSync(join(day, name), 'sealed');
    const second = join(spool, 'second');
    mkdirSync(join(second, '2015', '03', '01'), { recursive: true });
    writeFileSync(join(second, '2015', '03', '01', `${id}.eml`), 'the same');
    markSecond({ directory: second, memory: layout.secondFile });
    expect((await purge(2, { second })).destroyed.files).toBe(6);
    expect(existsSync(join(layout.archive, '2015'))).toBe(false);
    expect(existsSync(join(second, '2015'))).toBe(false);
    expect(existsSync(join(layout.archive, '2024', '01', '01'))).toBe(true);
  });

  test('removes what is immutable', { skip: !canBeImmutable }, async () => {
    const [id = ''] = await writeHistory(spool, past);
    await makeImmutable([join(layout.archive, '2015', '03', '01', `${id}.eml`)]);
    expect((await purge(2)).destroyed.files).toBe(2);
    expect(archived()).not.toContain(id);
  });

  test('a second archive that is not there leaves the purge unfinished, until it is', async () => {
    await writeHistory(spool, past);
    const second = join(spool, 'not mounted');
    await expect(purge(2, { second })).rejects.toMatchObject({
      code: 'second-archive-missing',
      disposition: 'wait',
    });
    expect(verify().findings.map(({ kind }) => kind)).toEqual(['purge-unfinished', 'purge-unfinished']);
    mkdirSync(second);
    markSecond({ directory: second, memory: layout.secondFile });
    expect((await purge(0, { second })).destroyed.messages).toBe(2);
    expectWhole();
  });

  test('erases in the second location of the trail too, when all of a segment is there', async () => {
    await writeHistory(spool, past);
    const auditSecond = join(spool, 'second audit');
    mkdirSync(auditSecond);
    await expect(purge(2, { auditSecond })).rejects.toMatchObject({ code: 'audit-second-missing', disposition: 'wait' });
    writeFileSync(join(auditSecond, '.sealdrop-second'), 'marker');
    await expect(purge(0, { auditSecond })).rejects.toMatchObject({ code: 'audit-second-behind', disposition: 'wait' });
    for (const name of readdirSync(layout.audit).filter((each) => each.endsWith('.jsonl')))
      writeFileSync(join(auditSecond, name), readFileSync(join(layout.audit, name)));
    const file = join(auditSecond, '2016-11-24.details.jsonl');
    // As it was copied before anything was erased here.
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/\{"seq":(\d+),"erased":true\}/g, '{"seq":$1,"salt":"00","detail":{"to":"carol"}}'),
    );
    expect((await purge(0, { auditSecond })).destroyed.detailLines).toBe(3);
    expect(readFileSync(file, 'utf8')).not.toContain('carol');
  });

  test('does not touch what is under way, and names it', async () => {
    const [id = ''] = await writeHistory(spool, past);
    writeFileSync(join(layout.quarantine, `${id}.eml`), 'held');
    expect(look().underWay).toEqual([id]);
    expect((await purge(1)).underWay).toEqual([id]);
    expect(archived()).toContain(id);
  });

  test('leaves a message whose details cannot be read, and names it', async () => {
    const [id = ''] = await writeHistory(spool, past);
    const file = join(layout.audit, '2015-03-01.details.jsonl');
    writeFileSync(file.replace('.details', '.copy'), '');
    const altered = readFileSync(file, 'utf8').replaceAll('steve@example.com', 'eve@example.com');
    rmSync(file);
    writeFileSync(file, altered);
    expect(look().unreadable).toEqual([id]);
    expect(look().ids.size).toBe(1);
  });

  test('details are erased where they are written: the segment is ended first', async () => {
    await writeHistory(spool, [{ time: last }]);
    const report = await erase({ everything: true }, 1, { rules: null });
    expect(report.destroyed.detailLines).toBe(3);
    expect(allDetails()).not.toContain('bob@example.net');
    expectWhole();
    expect(readdirSync(layout.audit).filter((name) => name.endsWith('.chain.jsonl'))).toEqual(
      ['2026-11-25.chain.jsonl', '2026-11-25.0002.chain.jsonl'].sort(),
    );
  });

  test('a segment is written anew once, and keeps its mode and every other byte', async () => {
    await writeHistory(spool, [
      { time: '2015-03-01T10:00:00.000Z' },
      { time: '2015-03-01T11:00:00.000Z', to: ['x@bank.example'] },
      { time: last },
    ]);
    const file = join(layout.audit, '2015-03-01.details.jsonl');
    const before = readFileSync(file, 'utf8').split('\n');
    const { mode } = statSync(file);
    await purge(1, { rules: [{ when: { to: ['x@bank.example'] }, keep: year(5) }] });
    const after = readFileSync(file, 'utf8').split('\n');
    expect(statSync(file).mode).toBe(mode);
    expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
    expect(after.slice(4, 7)).toEqual([5, 6, 7].map((seq) => `{"seq":${seq},"erased":true}`));
  });
});

describe('an interrupted purge', () => {
  test.each([1, 2, 3, 4, 5, 6])('is finished by the next, whatever was done: killed after step %i', async (steps) => {
    const ids = await writeHistory(spool, past, 1);
    let left = steps;
    const died = new Error('killed');
    const broken = destroyWith({}, { kind: 'purge', by, confirm: 2, confirmClock: false }, () => {
      left--;
      if (left === 0) throw died;
    });
    await broken.catch((error: unknown) => expect(error).toBe(died));
    // What is recorded counts no more: it will be destroyed, whatever is confirmed now.
    const { unfinished, ids: due } = look();
    expect([0, 2]).toContain(unfinished);
    await purge(due.size);
    expect(archived()).toEqual(ids.slice(2));
    expect(allDetails()).not.toContain('carol@bank.example');
    expectWhole();
  });

  test('waits for a second location of the trail that fails, whatever it says, and ends nothing', async () => {
    await writeHistory(spool, past);
    const auditSecond = join(spool, 'second audit');
    cpSync(layout.audit, auditSecond, { recursive: true });
    writeFileSync(join(auditSecond, '.sealdrop-second'), 'marker');
    // Not to be removed as a file: EISDIR, which nowhere else is waited for.
    const inTheWay = join(auditSecond, '.2016-11-24.details.jsonl.erasing');
    mkdirSync(inTheWay);
    await expect(purge(2, { auditSecond })).rejects.toMatchObject({ code: 'audit-second-unavailable', disposition: 'wait' });
    rmSync(inTheWay, { recursive: true });
    expect((await purge(0, { auditSecond })).destroyed.messages).toBe(2);
    expect(readFileSync(join(auditSecond, '2016-11-24.details.jsonl'), 'utf8')).not.toContain('carol');
    expectWhole();
  });

  test('leaves a message of which the MTA has refused a copy while the purge looked for it', async () => {
    const ids = await writeHistory(spool, past);
    const report = await destroyWith({}, { kind: 'purge', by, confirm: 2, confirmClock: false }, (done) => {
      if (done.endsWith('segments read')) writeFileSync(join(layout.refused, `${ids[0]}-1.eml`), 'sealed');
    });
    expect(report.recorded).toBe(1);
    expect(archived()).toContain(ids[0]);
  });

  test('goes on when the note of how far it came is lost, and when the chain is older than the note', async () => {
    await writeHistory(spool, past);
    await purge(2);
    rmSync(layout.destroyedFile);
    expect((await purge(0)).destroyed).toEqual({ messages: 2, files: 0, detailLines: 0 });
    writeFileSync(layout.destroyedFile, JSON.stringify({ segment: '2030-01-01', offset: 5 }));
    expect((await purge(0)).destroyed.messages).toBe(2);
    expect((await purge(0)).destroyed.messages).toBe(0);
  });
});

describe('legal holds', () => {
  test.each<[string, MessageQuery, number]>([
    ['everything', { everything: true }, 0],
    ['a recipient', { recipients: ['Carol@bank.example'] }, 1],
    ['a pattern of addresses', { addresses: ['*@BANK.example'] }, 1],
    ['a domain', { domains: ['example.net'] }, 0],
    ['a sender who wrote none of them', { senders: ['ann@example.org'] }, 2],
    ['a sealing rule', { rules: ['bank'] }, 1],
    ['days', { since: '2015-03-01', until: '2015-12-31' }, 1],
    ['an address and days that do not meet', { domains: ['bank.example'], until: '2015-12-31' }, 2],
  ])('on %s', async (_name, query, left) => {
    await writeHistory(spool, past);
    await hold('H1', query);
    const selection = look();
    expect(selection.ids.size).toBe(left);
    expect(selection.held.get('H1') ?? 0).toBe(2 - left);
    expect((await purge(left)).held).toBe(2 - left);
    expectWhole();
  });

  test('released, they hold nothing', async () => {
    await writeHistory(spool, past);
    await hold('H1', { everything: true });
    await hold('H2', { domains: ['bank.example'] });
    await append('hold-released', { hold: 'H1', reason: 'closed', by });
    expect([...look().held]).toEqual([['H2', 1]]);
  });

  test('one that is placed while a purge is under way counts from then on', async () => {
    await writeHistory(spool, past);
    let version = 0;
    const report = await destroyWith({}, { kind: 'purge', by, confirm: 2, confirmClock: false }, undefined, (port, writer) => ({
      ...port,
      holdsVersion: async () => version,
      append: async (entries, of) => {
        if (version === 0) {
          version = 1;
          await writer.append([newEntry('hold-placed', {}, { hold: 'H1', query: { domains: ['bank.example'] }, reason: 'x', by })]);
        }
        return of === version && port.append(entries, of);
      },
    }));
    expect(report).toMatchObject({ recorded: 1, held: 1 });
  });

  test('nothing is destroyed while a record about a hold cannot be read', async () => {
    await writeHistory(spool, past);
    await hold('H1', { recipients: ['somebody@example.org'] });
    const file = join(layout.audit, '2026-11-25.details.jsonl');
    const text = readFileSync(file, 'utf8').replace('somebody@example.org', 'anybody@example.org');
    rmSync(file);
    writeFileSync(file, text);
    await expect(purge(2)).rejects.toMatchObject({ code: 'hold-unreadable' });
  });
});

describe('erasure', () => {
  test('destroys what is asked for before its retention has ended, where no rule keeps it', async () => {
    const ids = await writeHistory(spool, past);
    await erase({ addresses: ['ann@example.org'] }, 1, { rules: null });
    expect(archived()).toEqual(ids.filter((id) => id !== ids[3]));
    expect(allDetails()).not.toContain('ann@example.org');
    expectWhole();
  });

  test('leaves what a rule keeps, unless that is said', async () => {
    await writeHistory(spool, past);
    expect(look({ wanted: { kind: 'erase', query: { addresses: ['ann@example.org'] }, despiteRetention: false } })).toMatchObject({
      retainedCount: 1,
    });
    expect(await erase({ addresses: ['ann@example.org'] }, 0)).toMatchObject({ recorded: 0, retained: 1 });
    expect(await erase({ addresses: ['ann@example.org'] }, 1, {}, true)).toMatchObject({ recorded: 1, retained: 0 });
  });

  test('never destroys what is held', async () => {
    await writeHistory(spool, past);
    await hold('H1', { senders: ['ann@example.org'] });
    expect(await erase({ addresses: ['ann@example.org'] }, 0, {}, true)).toMatchObject({ recorded: 0, held: 1 });
  });

  test('says how many have other recipients too', async () => {
    await writeHistory(spool, past);
    const selection = look({ wanted: { kind: 'erase', query: { addresses: ['carol@bank.example'] }, despiteRetention: true } });
    expect(selection).toMatchObject({ shared: 1 });
    expect(selection.ids.size).toBe(1);
  });
});

describe('the clock', () => {
  const jump = new Date('2036-11-25T00:00:00.000Z');
  const strict = { clockStepYears: 9 };

  test('nothing is destroyed when it stands behind the last record', async () => {
    await writeHistory(spool, past);
    await confirmClock();
    await expect(purge(2, strict, new Date('2026-11-25T11:59:59.999Z'))).rejects.toMatchObject({ code: 'clock-behind' });
  });

  test('nothing is destroyed when it has gone ahead by more than archive.maxClockStep since the last record', async () => {
    const ids = await writeHistory(spool, past);
    await confirmClock();
    await expect(purge(4, strict, jump)).rejects.toMatchObject({ code: 'clock-step' });
    expect(archived()).toEqual(ids);
  });

  test('nor when a record was written after the jump', async () => {
    await writeHistory(spool, past);
    await confirmClock();
    await append('noted', {}, jump);
    await expect(purge(4, strict, new Date(jump.getTime() + 1000))).rejects.toMatchObject({ code: 'clock-step' });
  });

  test('a person confirms it, and it is recorded who did', async () => {
    await writeHistory(spool, past);
    const request = { kind: 'purge', by, confirm: 4, confirmClock: true } as const;
    expect((await destroyWith(strict, request, undefined, undefined, jump)).recorded).toBe(4);
    expect(allDetails()).toContain('"fault":"nothing is destroyed: the clock went ahead by');
    expect((await purge(0, strict, new Date(jump.getTime() + 1000))).recorded).toBe(0);
  });

  test('a message accepted while the clock was set back to 1970 is not 56 years old', async () => {
    await writeHistory(spool, [{ time: '2020-01-01T00:00:00.000Z' }, { time: '1970-01-01T00:00:01.000Z' }, { time: last }]);
    expect(look().ids.size).toBe(0);
    expect(look({ now: new Date('2030-01-02T00:00:00.000Z') }).ids.size).toBe(2);
  });
});

test('what is not due yet is not read again, and rules that change are heeded', async () => {
  await writeHistory(spool, past);
  await purge(2);
  const waiting = JSON.parse(readFileSync(join(spool, 'retention-waiting.json'), 'utf8')) as {
    segments: [string, { nextMs: number | null }][];
  };
  expect(waiting.segments.find(([segment]) => segment === '2024-01-01')?.[1].nextMs).toBe(Date.UTC(2034, 0, 2));
  expect(look({ rules: [{ when: {}, keep: year(1) }] }).ids.size).toBe(2);
  expect(look().ids.size).toBe(0);
});

interface Change {
  readonly rules?: readonly RetentionRule[] | null;
  readonly second?: string;
  readonly auditSecond?: string | null;
  readonly now?: Date;
  readonly wanted?: Parameters<typeof preview>[1];
  /** The history has years between its messages; a clock that must not step would never be trusted. */
  readonly clockStepYears?: number;
}

function options({ rules = tenYears, second, auditSecond = null, clockStepYears = 40 }: Change): RetentionOptions {
  const places = {
    ...retentionPlaces({ archive: { second: null }, audit: { second: auditSecond } } as unknown as Config, layout),
    second: second === undefined ? undefined : { directory: second, memory: layout.secondFile },
  };
  return { places, rules, maxClockStepMs: clockStepYears * 366 * 86_400_000 };
}

function look(change: Change = {}) {
  return preview(options(change), change.wanted ?? { kind: 'purge' }, change.now ?? today);
}

function purge(confirm: number, change: Change = {}, now = today): Promise<DestroyReport> {
  return destroyWith(change, { kind: 'purge', by, confirm, confirmClock: false }, undefined, undefined, now);
}

function erase(query: MessageQuery, confirm: number, change: Change = {}, despiteRetention = false): Promise<DestroyReport> {
  return destroyWith(change, { kind: 'erase', query, basis: 'request 1', despiteRetention, by, confirm, confirmClock: false });
}

async function destroyWith(
  change: Change,
  request: DestroyRequest,
  progress?: (done: string) => void,
  wrap: (port: ChainPort, writer: AuditWriter) => ChainPort = (port) => port,
  now = today,
): Promise<DestroyReport> {
  const writer = await AuditWriter.start({ directory: layout.audit, now: () => now });
  const port: ChainPort = {
    holdsVersion: async () => 0,
    append: async (entries) => {
      await writer.append(entries);
      return true;
    },
    roll: () => writer.roll(),
  };
  try {
    return await destroy(options(change), wrap(port, writer), request, () => now, progress);
  } finally {
    await writer.close();
  }
}

function hold(name: string, query: MessageQuery): Promise<void> {
  return append('hold-placed', { hold: name, query, reason: 'case 1', by });
}

function confirmClock(): Promise<void> {
  return append('clock-confirmed', { fault: '', by });
}

async function append(event: string, detail: object, now = new Date(last)): Promise<void> {
  const writer = await AuditWriter.start({ directory: layout.audit, now: () => now });
  await writer.append([newEntry(event, {}, detail)]);
  await writer.close();
}

function archived(): string[] {
  return readdirSync(layout.archive, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.eml'))
    .map((name) => name.slice(name.lastIndexOf('/') + 1, name.lastIndexOf('/') + 37))
    .sort();
}

function allDetails(): string {
  const files = readdirSync(layout.audit).filter((name) => name.includes('details'));
  return files.map((name) => readFileSync(join(layout.audit, name), 'utf8')).join('');
}

function verify() {
  return verifyTrail(layout.audit, layout.archive, layout.work);
}

function expectWhole(): void {
  expect(verify().findings).toEqual([]);
}
