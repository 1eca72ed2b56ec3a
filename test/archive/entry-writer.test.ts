import { createHash, createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { addOne } from '../../src/archive/add-one.js';
import { openWith } from '../../src/archive/decrypt.js';
import { findEntry, readOriginal } from '../../src/archive/entry.js';
import { EntryWriter } from '../../src/archive/entry-writer.js';
import { markSecond, requireSecond } from '../../src/archive/second.js';
import type { ArchiveSettings, StoredEntry } from '../../src/archive/settings.js';
import { removeUnrecorded } from '../../src/archive/unrecorded.js';
import { writeTogether } from '../../src/disk/file-group.js';
import { octetsOf } from '../../src/message/octets.js';
import { newMessageId } from '../../src/message-id.js';
import { testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';

const pki = testPki();
const rsa = pki.issue({ address: 'compliance-rsa@example.com' });
const ec = pki.issue({ address: 'compliance-ec@example.com', key: 'p-256' });
const encryptTo = [rsa, ec].map(({ certificate }) => ({
  fingerprint: createHash('sha256').update(certificate).digest('hex'),
  der: certificate,
}));
const openers = [rsa, ec].map(({ certificate, privateKeyPem }) => openWith([{ certificate, privateKey: createPrivateKey(privateKeyPem) }]));
const original = Buffer.from(`Subject: secret\r\n\r\n${'text '.repeat(2000)}\r\n`);

let root: string;
let archive: string;
let second: string;
let id: string;
let own: string;
beforeEach(() => {
  root = makeTemp('entry-writer');
  archive = join(root, 'archive');
  second = join(root, 'second');
  for (const path of [archive, second]) mkdirSync(path);
  id = newMessageId(Date.UTC(2026, 10, 24, 12));
  own = join(root, `${id}.eml`);
  writeFileSync(own, original, { mode: 0o440 });
});

const place = () => ({ directory: second, memory: join(root, 'mark') });

function writerOf(settings: Partial<ArchiveSettings> = {}): EntryWriter {
  return new EntryWriter({ directory: archive, group: undefined, compress: 'none', encryptTo: [], second: undefined, ...settings });
}

async function enter(writer: EntryWriter): Promise<StoredEntry> {
  const prepared = await writer.prepare(original);
  writer.makeReady([id], false);
  return writeTogether((files) => {
    const entry = writer.enter(id, own, octetsOf(original), prepared, files);
    writer.syncNames(id, files);
    return entry;
  });
}

const files = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9a-f]{12}/.test(name));
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('an entry', () => {
  test('is by default a link to our own copy', async () => {
    expect(await enter(writerOf())).toEqual({ archive: `2026/11/24/${id}.eml` });
    expect(statSync(join(archive, '2026/11/24', `${id}.eml`)).ino).toBe(statSync(own).ino);
  });

  test.each([
    ['compressed', { compress: 'gzip' as const }, '.gz'],
    ['encrypted', { encryptTo }, '.p7m'],
    ['compressed and encrypted', { compress: 'gzip' as const, encryptTo }, '.gz.p7m'],
  ])('%s is a file of its own, recorded as it is, and read back', async (_, settings, ending) => {
    const entry = await enter(writerOf(settings));
    const path = join(archive, entry.archive);
    expect(entry.archive).toBe(`2026/11/24/${id}.eml${ending}`);
    expect(entry.stored).toMatchObject({ sizeBytes: statSync(path).size, sha256: sha256(path) });
    expect(entry.stored?.encryptedTo).toEqual('encryptTo' in settings ? encryptTo.map(({ fingerprint }) => fingerprint) : undefined);
    expect(statSync(path).mode & 0o777).toBe(0o440);
    const found = findEntry(archive, id);
    if (found === undefined) throw new Error('not found');
    for (const open of openers) expect(readOriginal(archive, found, open).equals(original)).toBe(true);
    if ('compress' in settings) expect(statSync(path).size).toBeLessThan(original.length / 2);
  });

  test('never replaces another file', async () => {
    const writer = writerOf({ encryptTo });
    writer.makeReady([id], false);
    const path = join(archive, '2026/11/24', `${id}.eml.p7m`);
    writeFileSync(path, 'somebody else’s');
    await expect(enter(writer)).rejects.toMatchObject({ code: 'archive-conflict', disposition: 'fatal' });
    expect(readFileSync(path, 'utf8')).toBe('somebody else’s');
  });
});

describe('the second location', () => {
  test.each([
    ['plain', {}],
    ['compressed and encrypted', { compress: 'gzip' as const, encryptTo }],
  ])('has the same file, a copy and not a link: %s', async (_, settings) => {
    markSecond(place());
    const entry = await enter(writerOf({ ...settings, second: place() }));
    expect(entry.second).toBe(true);
    expect(files(second)).toEqual(files(archive));
    expect(sha256(join(second, entry.archive))).toBe(sha256(join(archive, entry.archive)));
    expect(statSync(join(second, entry.archive)).ino).not.toBe(statSync(join(archive, entry.archive)).ino);
  });

  test('is not written without its mark, nor with that of another spool', async () => {
    await expect(enter(writerOf({ second: place() }))).rejects.toMatchObject({ code: 'second-archive-missing', disposition: 'wait' });
    markSecond({ directory: second, memory: join(root, 'of-another-spool') });
    await expect(enter(writerOf({ second: place() }))).rejects.toMatchObject({ code: 'second-archive-missing', disposition: 'wait' });
    expect(files(second)).toEqual([]);
    expect(files(archive)).toEqual([]);
    markSecond(place());
    requireSecond(place());
  });

  test('what a failed attempt has left there is replaced; when the attempt fails, nothing is left here', async () => {
    markSecond(place());
    const writer = writerOf({ encryptTo, second: place() });
    writer.makeReady([id], false);
    const leftover = join(second, '2026/11/24', `${id}.eml.p7m`);
    writeFileSync(leftover, 'half a fi');
    const entry = await enter(writer);
    expect(sha256(leftover)).toBe(entry.stored?.sha256);
  });

  test.each([
    ['plain', {}, ''],
    ['encrypted', { encryptTo }, '.p7m'],
  ])('that cannot be written is waited for, and nothing is left in the archive: %s', async (_, settings, ending) => {
    markSecond(place());
    const writer = writerOf({ ...settings, second: place() });
    writer.makeReady([id], false);
    // A directory in the place of the file: any error there means the same.
    mkdirSync(join(second, '2026/11/24', `${id}.eml${ending}`));
    await expect(enter(writer)).rejects.toMatchObject({ code: 'second-archive-unavailable', disposition: 'wait' });
    expect(files(archive)).toEqual([]);
  });
});

describe('a sealed copy that is kept', () => {
  const sealed = Buffer.from('x-sender: a@example.com\r\nFrom: a@example.com\r\n\r\nsealed');

  async function keep(writer: EntryWriter, isEncrypted: boolean) {
    writer.makeReady([id], true);
    return writeTogether((group) => writer.keep(id, 3, octetsOf(sealed), isEncrypted, group));
  }

  test('stands beside its original as it was handed over', async () => {
    const kept = await keep(writerOf(), false);
    expect(kept).toMatchObject({ number: 3, file: `2026/11/24/${id}-3.eml`, sizeBytes: sealed.length });
    expect(readFileSync(join(archive, kept.file)).equals(sealed)).toBe(true);
  });

  test('is encrypted in an encrypted archive, unless it is encrypted already', async () => {
    const kept = await keep(writerOf({ encryptTo }), false);
    expect(kept.file).toBe(`2026/11/24/${id}-3.eml.p7m`);
    for (const open of openers) expect(open(readFileSync(join(archive, kept.file))).equals(sealed)).toBe(true);
    expect((await keep(writerOf({ encryptTo }), true)).file).toBe(`2026/11/24/${id}-3.eml`);
  });

  test('replaces one of its number that no record names', async () => {
    await keep(writerOf(), false);
    expect((await keep(writerOf(), false)).sizeBytes).toBe(sealed.length);
  });
});

describe('one original at a time', () => {
  test.each([
    ['plain', {}],
    ['compressed and encrypted', { compress: 'gzip' as const, encryptTo }],
  ])('is added once, in both places, and found as it is the second time: %s', async (_, settings) => {
    markSecond(place());
    const writer = writerOf({ ...settings, second: place() });
    const entry = await addOne(writer, id, own);
    const before = sha256(join(archive, entry.archive));
    expect(sha256(join(second, entry.archive))).toBe(before);
    const again = await addOne(writer, id, own);
    expect(again.archive).toBe(entry.archive);
    expect(again.stored?.sha256).toBe(entry.stored?.sha256);
    expect(sha256(join(archive, entry.archive))).toBe(before);
    expect([...files(archive), ...files(second)]).toHaveLength(2);
  });

  test('stays in the form it was first stored in', async () => {
    await addOne(writerOf(), id, own);
    expect((await addOne(writerOf({ encryptTo }), id, own)).archive).toBe(`2026/11/24/${id}.eml`);
  });

  test('is whole or not there: a half-written one has another name, and is replaced', async () => {
    const writer = writerOf({ encryptTo });
    writer.makeReady([id], false);
    const draft = join(archive, '2026/11/24', `.${id}.eml.p7m.tmp`);
    writeFileSync(draft, 'half');
    const entry = await addOne(writer, id, own);
    expect(existsSync(draft)).toBe(false);
    expect(openers[1]?.(readFileSync(join(archive, entry.archive))).equals(original)).toBe(true);
  });
});

test('what no record names goes, in every form and from both places, and nothing else', async () => {
  markSecond(place());
  const writer = writerOf({ compress: 'gzip', encryptTo, second: place() });
  await enter(writer);
  await writeTogether((group) => writer.keep(id, 1, octetsOf(original), false, group));
  writeFileSync(join(archive, '2026/11/24', `.${id}.eml.p7m.tmp`), 'half');
  const recorded = id;
  id = newMessageId(Date.UTC(2026, 10, 24, 13));
  await enter(writer);
  removeUnrecorded({ directory: archive, second: place() }, new Set([recorded]));
  expect(files(archive)).toEqual([`2026/11/24/${id}.eml.gz.p7m`]);
  expect(files(second)).toEqual([`2026/11/24/${id}.eml.gz.p7m`]);
});

test('without the second location nothing is taken back from it in silence', () => {
  expect(() => removeUnrecorded({ directory: archive, second: place() }, new Set([id]))).toThrow(
    expect.objectContaining({ code: 'second-archive-missing', disposition: 'wait' }),
  );
});
