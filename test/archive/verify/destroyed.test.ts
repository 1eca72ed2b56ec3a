import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { destroyEntries } from '../../../src/archive/destroy.js';
import { archivePath } from '../../../src/archive/path.js';
import { verifyTrail } from '../../../src/archive/verify.js';
import { eraseDetails } from '../../../src/audit/erase.js';
import { newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { IdSet } from '../../../src/id-set.js';
import { writeHistory } from '../../daemon/retention/history.js';
import { makeTemp } from '../../kit/temp.js';

const day = '2026-11-24';
let [root, archive, audit] = ['', '', ''];
let id: string;
beforeEach(async () => {
  root = makeTemp('destroyed');
  [archive, audit] = [join(root, 'archive'), join(root, 'audit')];
  [id = ''] = await writeHistory(root, [{ time: `${day}T12:00:00.000Z` }, { time: `${day}T12:00:01.000Z` }]);
});

test('what was destroyed after its record is no finding', async () => {
  await record();
  await destroyFiles();
  eraseDetails(audit, day, [2, 3, 4]);
  expect(findings()).toEqual([]);
});

test('a file that is there though its message is recorded as destroyed', async () => {
  await record();
  eraseDetails(audit, day, [2, 3, 4]);
  expect(findings()).toEqual([['purge-unfinished', archivePath(id)]]);
  await destroyFiles();
  mkdirSync(join(archive, '2026', '11', '24'), { recursive: true });
  writeFileSync(join(archive, archivePath(id).replace('.eml', '-1.eml')), 'put back');
  expect(findings().map(([kind]) => kind)).toContain('purge-unfinished');
});

test('details that are there though their message is recorded as destroyed', async () => {
  await record();
  await destroyFiles();
  expect(findings()).toEqual([['purge-unfinished', archivePath(id)]]);
});

test('details that somebody erased though no record says that the message was destroyed', () => {
  eraseDetails(audit, day, [3]);
  expect(findings().map(([kind]) => kind)).toEqual(['details-erased-without-record']);
});

test('details of a record about no message, which nobody may erase', () => {
  const path = join(audit, `${day}.details.jsonl`);
  const text = readFileSync(path, 'utf8').replace(/^\{"seq":1,.*$/m, '{"seq":1,"erased":true}');
  rmSync(path);
  writeFileSync(path, text);
  expect(findings()).toEqual([['details-erased-without-record', `${day}.details.jsonl`]]);
});

async function record(): Promise<void> {
  const writer = await AuditWriter.start({ directory: audit, now: () => new Date(`${day}T13:00:00.000Z`) });
  await writer.append([newEntry('purged', { id }, { rule: 'x' })]);
  await writer.close();
}

async function destroyFiles(): Promise<void> {
  const ids = new IdSet();
  ids.add(id);
  await destroyEntries(archive, ids, Date.now());
}

function findings(): [string, string][] {
  return verifyTrail(audit, archive, join(root, 'work')).findings.map(({ kind, file }) => [kind, file]);
}
