import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { addToArchive, archivedFiles, keepCertificate, syncArchive } from '../../src/archive/store.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp } from '../kit/temp.js';

const id = newMessageId(Date.UTC(2026, 10, 24, 23, 59));

let archive: string;
let own: string;
beforeEach(() => {
  const directory = makeTemp('archive');
  archive = join(directory, 'archive');
  mkdirSync(archive);
  own = join(directory, `${id}.eml`);
  writeFileSync(own, 'original', { mode: 0o440 });
});

describe('an original', () => {
  test('stands in the directory of the UTC day of its claim, as the very file we accepted', () => {
    addToArchive(archive, id, own);
    syncArchive(archive, [id]);
    const path = join(archive, '2026', '11', '24', `${id}.eml`);
    expect(archivePath(id)).toBe(`2026/11/24/${id}.eml`);
    expect(statSync(path).ino).toBe(statSync(own).ino);
    expect(statSync(path).mode & 0o777).toBe(0o440);
  });

  test('added again after a crash changes nothing', () => {
    addToArchive(archive, id, own);
    addToArchive(archive, id, own);
    expect([...archivedFiles(archive)]).toEqual([
      { kind: 'original', id, path: archivePath(id), form: { compressed: false, encrypted: false } },
    ]);
  });

  test('never replaces another file', () => {
    mkdirSync(join(archive, '2026', '11', '24'), { recursive: true });
    writeFileSync(join(archive, archivePath(id)), 'somebody else’s');
    expect(() => addToArchive(archive, id, own)).toThrow(expect.objectContaining({ code: 'archive-conflict', disposition: 'fatal' }));
    expect(readFileSync(join(archive, archivePath(id)), 'utf8')).toBe('somebody else’s');
  });

  test('waits while the archive is not there', () => {
    expect(() => addToArchive(`${archive}.gone`, id, own)).toThrow(expect.objectContaining({ disposition: 'wait' }));
    expect(existsSync(`${archive}.gone`)).toBe(false);
  });

  test('is readable by the archive’s group where the archive hands its group down', () => {
    chmodSync(archive, 0o2750);
    addToArchive(archive, id, own);
    for (const path of ['2026', '2026/11', '2026/11/24']) expect(statSync(join(archive, path)).mode & 0o2750, path).toBe(0o2750);
  });
});

test('a certificate is kept once, read-only, and leaves no draft', () => {
  keepCertificate(archive, 'ab12', Buffer.from('der'));
  keepCertificate(archive, 'ab12', Buffer.from('other'));
  expect(readFileSync(join(archive, 'certs', 'ab12.der'), 'utf8')).toBe('der');
  expect(readdirSync(join(archive, 'certs'))).toEqual(['ab12.der']);
  expect(statSync(join(archive, 'certs', 'ab12.der')).mode & 0o777).toBe(0o440);
});

test('files that have no place in the archive are told apart; certificates are no originals', () => {
  addToArchive(archive, id, own);
  keepCertificate(archive, 'ab12', Buffer.from('der'));
  writeFileSync(join(archive, '2026', '11', '24', 'notes.txt'), '');
  // The right name on the wrong day.
  mkdirSync(join(archive, '2026', '11', '25'));
  writeFileSync(join(archive, '2026', '11', '25', `${id}.eml`), '');
  const found = [...archivedFiles(archive)].sort((one, other) => (one.path < other.path ? -1 : 1));
  expect(found).toEqual([
    { kind: 'original', id, path: archivePath(id), form: { compressed: false, encrypted: false } },
    { kind: 'stranger', path: '2026/11/24/notes.txt' },
    { kind: 'stranger', path: `2026/11/25/${id}.eml` },
  ]);
});
