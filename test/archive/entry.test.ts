import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { entryNamed, findEntry, readOriginal } from '../../src/archive/entry.js';
import { archivePath } from '../../src/archive/path.js';
import { sealedEntryNamed } from '../../src/archive/sealed-entry.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp } from '../kit/temp.js';

const id = newMessageId(Date.UTC(2026, 10, 24, 23, 59));

let archive: string;
beforeEach(() => {
  archive = makeTemp('archive');
  mkdirSync(join(archive, dirname(archivePath(id))), { recursive: true });
});

const store = (suffix: string, bytes: Buffer) => writeFileSync(join(archive, archivePath(id) + suffix), bytes);

describe('an entry of the archive', () => {
  test.each([
    ['', false, false],
    ['.gz', true, false],
    ['.p7m', false, true],
    ['.gz.p7m', true, true],
  ])('is found by its id as .eml%s, and its form follows from its name', (suffix, compressed, encrypted) => {
    expect(findEntry(archive, id)).toBeUndefined();
    store(suffix, Buffer.from('stored'));
    const entry = { id, path: `${archivePath(id)}${suffix}`, form: { compressed, encrypted } };
    expect(findEntry(archive, id)).toEqual(entry);
    expect(entryNamed(entry.path)).toEqual(entry);
  });

  test.each(['.bak', '.gz.bak', '.p7m.gz', '.gz.gz'])('is not what is named .eml%s', (suffix) => {
    expect(entryNamed(archivePath(id) + suffix)).toBeUndefined();
  });

  test.each(['-'.repeat(36), '../../../../../../../../../etc/passwd.0'])('is not a file whose name is no id: %s', (name) => {
    expect(entryNamed(`2026/11/24/${name}.eml`)).toBeUndefined();
    expect(sealedEntryNamed(`2026/11/24/${name}-1.eml`)).toBeUndefined();
  });

  test('is not a link to elsewhere, nor a pipe that nobody writes to', () => {
    const path = join(archive, archivePath(id));
    symlinkSync('/etc/passwd', path);
    const read = () => readOriginal(archive, { id, path: archivePath(id), form: { compressed: false, encrypted: false } });
    expect(read).toThrow(expect.objectContaining({ code: 'archive-unreadable' }));
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect(read).toThrow(expect.objectContaining({ code: 'archive-unreadable' }));
  });

  test('is not a file that lies under another day than its id says', () => {
    expect(entryNamed(archivePath(id).replace('/24/', '/25/'))).toBeUndefined();
  });

  test('is read as it was submitted, compressed or not', () => {
    const original = Buffer.from('Subject: ü\r\n\r\n\0');
    store('', original);
    expect(readOriginal(archive, { id, path: archivePath(id), form: { compressed: false, encrypted: false } })).toEqual(original);
    store('.gz', gzipSync(original));
    expect(readOriginal(archive, { id, path: `${archivePath(id)}.gz`, form: { compressed: true, encrypted: false } })).toEqual(original);
  });

  test('needs a key if it is encrypted, and is opened before it is decompressed', () => {
    store('.gz.p7m', Buffer.from('sealed'));
    const entry = { id, path: `${archivePath(id)}.gz.p7m`, form: { compressed: true, encrypted: true } };
    expect(() => readOriginal(archive, entry)).toThrow(expect.objectContaining({ code: 'archive-encrypted' }));
    expect(readOriginal(archive, entry, (stored) => gzipSync(`opened ${stored}`)).toString()).toBe('opened sealed');
  });

  test('that is damaged is said to be', () => {
    store('.gz', Buffer.from('not gzip'));
    const entry = { id, path: `${archivePath(id)}.gz`, form: { compressed: true, encrypted: false } };
    expect(() => readOriginal(archive, entry)).toThrow(expect.objectContaining({ code: 'archive-unreadable' }));
  });
});
