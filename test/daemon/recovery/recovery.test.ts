import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archivePath } from '../../../src/archive/path.js';
import { newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { newMessageId } from '../../../src/message-id.js';
import { spoolLayout } from '../../../src/spool/layout.js';
import { prepareSpool } from '../../../src/spool/prepare.js';
import { type Ticket, ticketName, writeTicket } from '../../../src/spool/ticket.js';
import { runOnce } from '../../kit/daemon.js';
import type { Site } from '../../kit/site.js';
import { expectWholeTrail, letter, newSite, subjectsPickedUp, underWay } from '../site.js';

// What a kill can leave between any two steps, put on disk by hand, and what the next start makes of it.

const bytes = letter('one');

let site: Site;
let id: string;
let own: string;
let claimed: string;
beforeEach(() => {
  site = newSite();
  prepareSpool(spoolLayout(site.spool), { submitGid: undefined, auditGid: undefined });
  id = newMessageId(Date.now());
  own = join(site.spool, 'work', `${id}.eml`);
  claimed = join(site.spool, 'work', 'in', `${id}~n~a.eml`);
});
afterEach(() => site.remove());

describe('killed before the accepted record', () => {
  test('claimed only: the submitter’s own file is taken again, under its id', async () => {
    writeFileSync(claimed, bytes);
    await expectSentOnce();
    expect(site.auditRecords().filter(({ event }) => event === 'accepted')).toHaveLength(1);
  });

  test('our copy half written: it is made anew from the submitter’s', async () => {
    writeFileSync(claimed, bytes);
    writeFileSync(own, bytes.slice(0, 20));
    await expectSentOnce();
  });

  test('our copy whole, not recorded: the same', async () => {
    writeFileSync(claimed, bytes);
    writeFileSync(own, bytes);
    await expectSentOnce();
  });

  test('sealed copies staged and the archive entry there, nothing recorded: all of it is made anew', async () => {
    writeFileSync(claimed, bytes);
    writeFileSync(own, bytes);
    const entry = join(site.spool, 'archive', archivePath(id));
    mkdirSync(dirname(entry), { recursive: true });
    linkSync(own, entry);
    writeFileSync(join(site.staging, `${id}-1.eml`), 'x-sender: half');
    await expectSentOnce();
    expect(readdirSync(site.staging).filter((name) => name.startsWith(id))).toEqual([]);
  });

  test('a claimed file whose name is no UTF-8', async () => {
    writeFileSync(Buffer.from(`${site.spool}/work/in/${id}~n~\xff\n.eml`, 'latin1'), bytes);
    await expectSentOnce();
  });
});

describe('killed after the accepted record', () => {
  beforeEach(async () => {
    writeFileSync(own, bytes, { mode: 0o440 });
    await record('accepted', acceptedDetail());
  });

  test('the submitter’s file not yet removed: it goes, and the message is sent once', async () => {
    writeFileSync(claimed, bytes);
    await expectSentOnce();
    expect(site.auditRecords().filter(({ event }) => event === 'accepted')).toHaveLength(1);
  });

  test('nothing planned', async () => {
    await expectSentOnce();
  });

  test('some copies staged, partly: they are made anew', async () => {
    writeFileSync(join(site.staging, `${id}-1.eml`), 'x-sender: half');
    writeFileSync(join(site.staging, `${id}-2.eml`), 'x-sender: another');
    await expectSentOnce();
  });

  test('archived, no intent: the entry stays what it is', async () => {
    const path = join(site.spool, 'archive', archivePath(id));
    mkdirSync(dirname(path), { recursive: true });
    linkSync(own, path);
    const before = statSync(path).ino;
    await expectSentOnce();
    expect(statSync(path).ino).toBe(before);
  });

  test('a staged copy of a message that is not under way is left alone', async () => {
    const foreign = `${newMessageId(1)}-1.eml`;
    writeFileSync(join(site.staging, foreign), 'somebody else’s');
    await runOnce(site);
    expect(readFileSync(join(site.staging, foreign), 'utf8')).toBe('somebody else’s');
  });

  test('a staged copy of a message that was sent another way since: it is removed', async () => {
    await expectSentOnce();
    const left = join(site.staging, `${id}-1.eml`);
    writeFileSync(left, 'staged before a kill');
    expect((await runOnce(site)).status).toBe(0);
    expect(existsSync(left)).toBe(false);
  });

  test('held, the record made, the message not moved: it is moved, and not sent', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    await expectHeld();
  });

  test('held, its ticket already in quarantine, the message not yet', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    writeTicket(join(site.spool, 'quarantine'), ticketOf('no-sender'));
    await expectHeld();
  });

  test('held and moved, an older ticket still in work', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    writeTicket(join(site.spool, 'quarantine'), ticketOf('no-sender'));
    renameSync(own, join(site.spool, 'quarantine', `${id}.eml`));
    writeTicket(join(site.spool, 'work'), ticketOf('earlier'));
    await expectHeld();
  });

  test('put aside to be tried again, not moved: it waits in retry for its time', async () => {
    const nextAttempt = new Date(Date.now() + 3_600_000).toISOString();
    await record('deferred', { ticket: { ...ticketOf('key-mismatch'), nextAttempt } });
    await runOnce(site);
    expect(readdirSync(join(site.spool, 'retry')).sort()).toEqual([`${id}.eml`, `${id}.json`]);
    expect(site.pickedUp()).toEqual([]);
  });

  test('dropped by a person, not carried out: the original is in the archive, nothing is sent', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    await record('requeued', { from: 'quarantine', by: 0, ticket: ticketOf('no-sender') });
    await record('dropped', { archive: archivePath(id), by: 0 });
    expect((await runOnce(site)).status).toBe(0);
    expect([...site.archived().values()].map(String)).toEqual([bytes]);
    expect(site.pickedUp()).toEqual([]);
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  test('dropped, not carried out, and then put back to work by a person: the last decision counts', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    await record('dropped', { archive: archivePath(id), by: 0 });
    await record('requeued', { from: 'quarantine', by: 0, ticket: ticketOf('no-sender') });
    writeTicket(join(site.spool, 'work'), ticketOf('no-sender'));
    await expectSentOnce();
  });

  test('a decision recorded and not carried out leaves the message where it is listed', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    writeTicket(join(site.spool, 'quarantine'), ticketOf('no-sender'));
    renameSync(own, join(site.spool, 'quarantine', `${id}.eml`));
    await record('requeued', { from: 'quarantine', by: 0, ticket: ticketOf('no-sender') });
    await expectHeld();
  });

  test('put back to work by a person: it is tried again', async () => {
    await record('quarantined', { ticket: ticketOf('no-sender') });
    await record('requeued', { from: 'quarantine', by: 0, ticket: ticketOf('no-sender') });
    writeTicket(join(site.spool, 'work'), ticketOf('no-sender'));
    await expectSentOnce();
  });
});

test('a ticket without its message is what a killed move leaves, and is swept away', async () => {
  for (const place of ['quarantine', 'retry', 'work']) writeTicket(join(site.spool, place), ticketOf('no-sender'));
  expect((await runOnce(site)).status).toBe(0);
  for (const place of ['quarantine', 'retry', 'work']) expect(existsSync(join(site.spool, place, ticketName(id))), place).toBe(false);
});

test('a message in work of which the trail knows nothing is accepted and sent', async () => {
  writeFileSync(own, bytes, { mode: 0o440 });
  await expectSentOnce();
});

async function expectSentOnce(): Promise<void> {
  const run = await runOnce(site);
  expect(run.stderr).not.toMatch(/ error /);
  expect(run.status).toBe(0);
  expect(site.pickedUp()).toEqual([`${id}-1.eml`]);
  expect(subjectsPickedUp(site)).toEqual(['one']);
  expect([...site.archived()].map(([key, original]) => [key, String(original)])).toEqual([[id, bytes]]);
  expect(underWay(site)).toEqual([]);
  expect(readdirSync(join(site.spool, 'work', 'in'))).toEqual([]);
  expectWholeTrail(site);
}

async function expectHeld(): Promise<void> {
  await runOnce(site);
  expect(site.quarantined().map(({ id: held, original, facts }) => [held, String(original), facts.code])).toEqual([
    [id, bytes, 'no-sender'],
  ]);
  expect(site.pickedUp()).toEqual([]);
  expect(underWay(site)).toEqual([]);
  expectWholeTrail(site);
}

async function record(event: string, detail: object): Promise<void> {
  const writer = await AuditWriter.start({ directory: join(site.spool, 'audit'), now: () => new Date() });
  await writer.append([newEntry(event, { id }, detail)]);
  await writer.close();
}

function acceptedDetail() {
  return { file: 'a.eml', door: 'new', uid: 0, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function ticketOf(code: string): Ticket {
  const time = new Date().toISOString();
  return { version: 1, id, file: 'a.eml', uid: 0, time, code, message: 'a reason', cure: 'A cure.', attempts: 1 };
}
