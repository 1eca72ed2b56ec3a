import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointNames, checkpointPath } from '../../src/audit/checkpoint/files.js';
import type { AuditIdentity } from '../../src/audit/checkpoint/identity.js';
import { newEntry } from '../../src/audit/record.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { chainLinesIn, day, entryAbout, linesOf, noon } from './chain.js';
import { checkpointBytes, identityIn, kindsIn, openTrail, reportOn, writeAuditIdentity } from './checkpoint/kit.js';

let directory: string;
let audit: string;
let identity: AuditIdentity;

beforeEach(() => {
  directory = makeTemp('checkpoint-verify');
  audit = join(directory, 'audit');
  identity = identityIn(writeAuditIdentity(join(directory, 'keys')));
});
afterEach(() => removeTemp(directory));

const chainFile = () => join(audit, `${day}.chain.jsonl`);
const detailsFile = () => join(audit, `${day}.details.jsonl`);
const findings = (now = noon, running = false) => reportOn(audit, identity, { now, running });

/** Records 1 to 6 and a checkpoint, then four more and a checkpoint, then again; the number of checkpoints is `count`. */
async function writeTrail(count = 3, about = 'thing', where = audit, by = identity): Promise<void> {
  const trail = await openTrail(where, by);
  for (let n = 1; n <= count; n++) {
    for (let m = 1; m <= 5; m++) await trail.writer.append([entryAbout(`${about} ${n}.${m}`)]);
    await trail.maker.make();
  }
  await trail.close();
}

/** Puts the trail of `from` in place of the chain and details of this one. */
function exchangeChain(from: string): void {
  for (const name of [`${day}.chain.jsonl`, `${day}.details.jsonl`]) renameSync(join(from, name), join(audit, name));
}

describe('verifying checkpoints finds', () => {
  it('nothing in a trail that is as it was', async () => {
    await writeTrail();
    expect(findings()).toMatchObject({ findings: [], checkpoints: { sound: 3, last: { number: 3, records: 18 } } });
  });

  it('a chain that was made anew, whole and with the same number of records', async () => {
    await writeTrail();
    const elsewhere = join(directory, 'anew');
    await writeTrail(3, 'forged', elsewhere, identityIn(writeAuditIdentity(join(directory, 'forger'))));
    exchangeChain(elsewhere);
    const report = findings();
    // What the chain alone could tell: nothing but that it recorded other checkpoints.
    expect(kindsIn(report).filter((kind) => kind.startsWith('checkpoint-mismatch'))).toEqual([
      'checkpoint-mismatch checkpoints/00000001.p7s',
      'checkpoint-mismatch checkpoints/00000002.p7s',
      'checkpoint-mismatch checkpoints/00000003.p7s',
    ]);
    expect(report.checkpoints?.sound).toBe(0);
  });

  it('the stretch in which a line was changed, and finds the others sound', async () => {
    await writeTrail();
    const lines = linesOf(chainFile());
    lines[8] = (lines[8] ?? '').replace('"event":"noted"', '"event":"Noted"');
    writeFileSync(chainFile(), `${lines.join('\n')}\n`);
    const report = findings();
    expect(kindsIn(report)).toEqual([
      `record-altered ${day}.chain.jsonl`,
      'details-without-record 2026-11-24.details.jsonl',
      'checkpoint-mismatch checkpoints/00000002.p7s',
    ]);
    expect(report.findings.at(-1)?.text).toBe('records 7 to 12 are not what was signed');
    expect(report.checkpoints).toMatchObject({ sound: 2, last: { number: 3 } });
  });

  it('records that were taken out', async () => {
    await writeTrail();
    writeFileSync(chainFile(), `${linesOf(chainFile()).toSpliced(8, 2).join('\n')}\n`);
    const report = findings();
    expect(kindsIn(report)).toContain('checkpoint-mismatch checkpoints/00000002.p7s');
    expect(report.checkpoints).toMatchObject({ sound: 2, last: { number: 3 } });
  });

  it('a tail that was cut off in chain and details', async () => {
    await writeTrail();
    writeFileSync(chainFile(), `${linesOf(chainFile()).slice(0, 14).join('\n')}\n`);
    writeFileSync(detailsFile(), `${linesOf(detailsFile()).slice(0, 14).join('\n')}\n`);
    const report = findings();
    expect(kindsIn(report)).toEqual(['records-missing checkpoints/00000003.p7s']);
    expect(report.findings[0]?.text).toMatch(/covers 18 records, and the chain ends with record 14/);
  });

  it('checkpoints that were taken away: in the middle, the newest, all', async () => {
    await writeTrail();
    const kept = checkpointBytes(audit, 2);
    rmSync(checkpointPath(audit, 2));
    expect(kindsIn(findings())).toEqual(['checkpoint-missing checkpoints/00000002.p7s']);
    writeFileSync(checkpointPath(audit, 2), kept);
    rmSync(checkpointPath(audit, 3));
    expect(kindsIn(findings())).toEqual(['checkpoint-missing checkpoints/00000003.p7s']);
    for (const number of [1, 2]) rmSync(checkpointPath(audit, number));
    expect(new Set(findings().findings.map(({ kind }) => kind))).toEqual(new Set(['checkpoint-missing']));
  });

  it('a checkpoint that was exchanged for another one of the same key', async () => {
    await writeTrail();
    const elsewhere = join(directory, 'anew');
    await writeTrail(3, 'forged', elsewhere);
    rmSync(checkpointPath(audit, 2));
    writeFileSync(checkpointPath(audit, 2), checkpointBytes(elsewhere, 2));
    const kinds = kindsIn(findings());
    expect(kinds).toContain('checkpoint-mismatch checkpoints/00000002.p7s');
    expect(kinds.filter((kind) => kind === 'checkpoint-altered checkpoints/00000002.p7s')).toHaveLength(2);
    expect(kinds).toContain('checkpoint-altered checkpoints/00000003.p7s');
  });

  it('checkpoints in each other’s place, and one that cannot be read', async () => {
    await writeTrail();
    const [first, second] = [checkpointBytes(audit, 1), checkpointBytes(audit, 2)];
    for (const number of [1, 2, 3]) rmSync(checkpointPath(audit, number));
    writeFileSync(checkpointPath(audit, 1), second);
    writeFileSync(checkpointPath(audit, 2), first);
    writeFileSync(checkpointPath(audit, 3), 'x');
    const texts = findings().findings.map(({ text }) => text);
    expect(texts).toContain('it is number 2 by its content');
    expect(texts).toContain('it is number 1 by its content');
    expect(texts.some((text) => text.startsWith('it cannot be read'))).toBe(true);
  });

  it('a checkpoint that nobody recorded, unless it is the newest', async () => {
    await writeTrail(2);
    const lines = linesOf(chainFile());
    writeFileSync(chainFile(), `${lines.slice(0, -1).join('\n')}\n`);
    writeFileSync(detailsFile(), `${linesOf(detailsFile()).slice(0, -1).join('\n')}\n`);
    expect(findings().findings).toEqual([]);
    // An older one: the record of number 1 gone, its details with it, as if erased.
    const details = linesOf(detailsFile());
    details[6] = '{"seq":7,"erased":true}';
    writeFileSync(detailsFile(), `${details.join('\n')}\n`);
    expect(kindsIn(findings())).toEqual(['checkpoint-unrecorded checkpoints/00000001.p7s']);
  });

  it('nothing about a former key whose certificate is still kept', async () => {
    const old = identity;
    await writeTrail(1);
    const fresh = identityIn(writeAuditIdentity(join(directory, 'keys'), 'next'));
    identity = { ...fresh, certificates: [...fresh.certificates, ...old.certificates] };
    const trail = await openTrail(audit, identity);
    expect(trail.maker.fault).toBeUndefined();
    await trail.maker.make();
    await trail.close();
    expect(findings()).toMatchObject({ findings: [], checkpoints: { sound: 2 } });
    identity = fresh;
    expect(kindsIn(findings())).toEqual(['checkpoint-untrusted checkpoints/00000001.p7s']);
  });
});

describe('the promise of an interval', () => {
  const minute = 60_000;
  let clock: number;
  const now = () => new Date(clock);
  const promise = newEntry('started', {}, { version: 'test', pid: 1, config: 'x', checkpointMaxAgeMs: 60 * minute });

  beforeEach(() => {
    clock = noon.getTime();
  });

  /** Runs a daemon's records: what happened at which minute. */
  async function live(events: readonly [atMinute: number, what: 'started' | 'stopped' | 'checkpoint' | 'mail'][]): Promise<void> {
    const trail = await openTrail(audit, identity, now);
    for (const [atMinute, what] of events) {
      clock = noon.getTime() + atMinute * minute;
      if (what === 'checkpoint') await trail.maker.make();
      else await trail.writer.append([what === 'started' ? { ...promise } : newEntry(what, {}, {})]);
    }
    await trail.close();
  }

  it('is kept by checkpoints that come in time, with a tenth over, and while nobody runs', async () => {
    await live([
      [0, 'started'],
      [65, 'checkpoint'],
      [130, 'stopped'],
      [1000, 'started'],
      [1060, 'checkpoint'],
      [1061, 'stopped'],
    ]);
    expect(findings(now()).findings).toEqual([]);
  });

  it('is broken by a gap while a daemon ran', async () => {
    await live([
      [0, 'started'],
      [60, 'checkpoint'],
      [100, 'mail'],
      [180, 'checkpoint'],
      [181, 'stopped'],
    ]);
    expect(findings(now()).findings).toMatchObject([
      {
        kind: 'checkpoint-late',
        text: expect.stringMatching(/none was recorded from 2026-11-24T13:00:00.000Z to 2026-11-24T15:00:00.000Z/),
      },
    ]);
  });

  it('is judged up to the last record of a daemon that was killed', async () => {
    await live([
      [0, 'started'],
      [100, 'mail'],
      [101, 'started'],
      [110, 'mail'],
    ]);
    expect(kindsIn(findings(now()))).toEqual(['checkpoint-late checkpoints']);
  });

  it('is broken by a daemon that runs now and makes none', async () => {
    await live([
      [0, 'started'],
      [10, 'checkpoint'],
    ]);
    const at = (minutes: number) => new Date(noon.getTime() + minutes * minute);
    expect(kindsIn(findings(at(70), true))).toEqual([]);
    expect(kindsIn(findings(at(80), true))).toEqual(['checkpoint-stale checkpoints']);
    expect(kindsIn(findings(at(80), false))).toEqual([]);
  });

  it('was given by nobody where no checkpoints are made', async () => {
    const trail = await openTrail(audit, identity, now);
    await trail.writer.append([newEntry('started', {}, { version: 'test' })]);
    clock += 600 * minute;
    await trail.writer.append([newEntry('stopped', {}, {})]);
    await trail.close();
    expect(findings(now()).findings).toEqual([]);
  });
});

describe('the clock', () => {
  it('may step back a second, which is told; more is a finding', async () => {
    let clock = noon.getTime();
    const trail = await openTrail(audit, identity, () => new Date(clock));
    await trail.writer.append([entryAbout('one')]);
    clock -= 1000;
    await trail.writer.append([entryAbout('a second earlier')]);
    clock -= 1001;
    await trail.writer.append([entryAbout('more than a second earlier')]);
    await trail.close();
    const report = findings();
    expect(report.notes).toMatchObject([{ kind: 'clock-step', text: 'record 3 is 1000 ms older than the record before it' }]);
    expect(kindsIn(report)).toEqual([`clock-set-back ${day}.chain.jsonl`]);
    expect(chainLinesIn(audit)).toHaveLength(4);
    expect(checkpointNames(audit).checkpoints).toEqual([]);
  });
});
