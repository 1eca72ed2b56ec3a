import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { addToArchive } from '../../src/archive/store.js';
import { verifyTrail } from '../../src/archive/verify.js';
import { newEntry } from '../../src/audit/record.js';
import type { AuditWriter } from '../../src/audit/writer.js';
import { newMessageId } from '../../src/message-id.js';
import { openWriter } from '../audit/chain.js';
import { makeTemp } from '../kit/temp.js';

const now = Date.UTC(2026, 10, 24, 12);

let root: string;
let archive: string;
let audit: string;
let writer: AuditWriter;
let ids: string[];
beforeEach(async () => {
  root = makeTemp('verify');
  archive = join(root, 'archive');
  audit = join(root, 'audit');
  mkdirSync(archive);
  writer = await openWriter(audit);
  ids = [newMessageId(now), newMessageId(now + 1), newMessageId(now + 2)];
  for (const id of ids) {
    await accept(id);
    addToArchive(archive, id, join(root, id));
    await writer.append([newEntry('intent', { id }, { archive: archivePath(id) })]);
  }
});

test('chain, details and archive agree: consistent, and completeness is not claimed', () => {
  expect(verifyTrail(audit, archive, root)).toMatchObject({ archived: 3, findings: [], verdict: 'consistent, completeness not proven' });
});

test('the entry of a message under way, whose record is yet to come, is no finding; without its copy in work it is', () => {
  const id = newMessageId(now + 3);
  writeFileSync(join(root, `${id}.eml`), 'message 3');
  addToArchive(archive, id, join(root, `${id}.eml`));
  expect(findings()).toEqual([]);
  rmSync(join(root, `${id}.eml`));
  expect(findings()).toEqual([['archive-without-record', archivePath(id)]]);
});

const anyId = '019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7';
test.each<[string, string, string, object]>([
  ['an id that is none', 'intent', '-'.repeat(36), { archive: 'x' }],
  ['the destruction of what is no id', 'purged', '-'.repeat(36), {}],
  ['a hash that is none', 'accepted', anyId, { sha256: 7 }],
  ['a number for a path', 'intent', anyId, { archive: 5 }],
  ['a stored file without a hash', 'intent', anyId, { archive: 'a', stored: 4 }],
  ['copies that are none', 'dropped', anyId, { archive: 'a', kept: [null] }],
  ['more copies than there can be', 'intent', anyId, { archive: 'a', kept: [{ number: 99_999_999, file: 'a', sha256: 'aa'.repeat(32) }] }],
])('a forged record, whose hashes are good, is a finding and does not end the verification: %s', async (_what, event, id, detail) => {
  await writer.append([newEntry(event, { id }, detail)]);
  rmSync(join(archive, archivePath(ids[0] ?? '')));
  expect(findings().map(([kind]) => kind)).toEqual(['record-altered', 'archive-missing']);
});

describe('whoever changes the archive is found out', () => {
  test('a replaced original', () => {
    replace(0, 'message 1');
    expect(findings()).toEqual([['archive-altered', archivePath(ids[0] ?? '')]]);
  });

  test('an original changed in place', () => {
    const path = join(archive, archivePath(ids[1] ?? ''));
    chmodSync(path, 0o640);
    writeFileSync(path, 'x', { flag: 'a' });
    expect(findings()).toEqual([['archive-altered', archivePath(ids[1] ?? '')]]);
  });

  test('a removed original', () => {
    rmSync(join(archive, archivePath(ids[2] ?? '')));
    expect(findings()).toEqual([['archive-missing', archivePath(ids[2] ?? '')]]);
  });

  test('a removed archive', () => {
    rmSync(archive, { recursive: true });
    expect(findings().map(([kind]) => kind)).toEqual(['archive-missing', 'archive-missing', 'archive-missing']);
  });

  test('an added original, and a file of any other name', () => {
    const added = newMessageId(now + 3);
    writeFileSync(join(archive, archivePath(added)), 'planted');
    writeFileSync(join(archive, '2026', '11', '24', 'notes.txt'), 'planted');
    expect(findings()).toEqual([
      ['archive-without-record', archivePath(added)],
      ['archive-without-record', '2026/11/24/notes.txt'],
    ]);
  });

  test('an original moved to another day', () => {
    mkdirSync(join(archive, '2026', '11', '25'));
    const path = archivePath(ids[0] ?? '');
    linkSync(join(archive, path), join(archive, path.replace('/24/', '/25/')));
    rmSync(join(archive, path));
    expect(findings().map(([kind]) => kind)).toEqual(['archive-missing', 'archive-without-record']);
  });

  test('the verdict counts what was found', () => {
    replace(0, 'x');
    replace(1, 'x');
    expect(verifyTrail(audit, archive, root).verdict).toBe('inconsistent: 2 findings');
  });
});

describe('a daemon at work is no finding', () => {
  test('accepted, not yet archived', async () => {
    await accept(newMessageId(now + 3));
    expect(findings()).toEqual([]);
  });

  test('archived, the intent not yet recorded', async () => {
    const id = newMessageId(now + 3);
    await accept(id);
    addToArchive(archive, id, join(root, id));
    expect(findings()).toEqual([]);
  });

  test('dropped by a person: the original must be there', async () => {
    const id = newMessageId(now + 3);
    await accept(id);
    addToArchive(archive, id, join(root, id));
    await writer.append([newEntry('dropped', { id }, { archive: archivePath(id), by: 0 })]);
    expect(findings()).toEqual([]);
    rmSync(join(archive, archivePath(id)));
    expect(findings()).toEqual([['archive-missing', archivePath(id)]]);
  });
});

async function accept(id: string): Promise<void> {
  const bytes = `message ${id}`;
  writeFileSync(join(root, id), bytes, { mode: 0o440 });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writer.append([newEntry('accepted', { id }, { file: 'a.eml', door: 'new', uid: 0, sizeBytes: bytes.length, sha256 })]);
}

function replace(index: number, bytes: string): void {
  const path = join(archive, archivePath(ids[index] ?? ''));
  rmSync(path);
  writeFileSync(path, bytes);
}

function findings(): [string, string][] {
  return verifyTrail(audit, archive, root).findings.map(({ kind, file }) => [kind, file]);
}
