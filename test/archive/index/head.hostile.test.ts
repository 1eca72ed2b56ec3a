import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readHead } from '../../../src/archive/index/head.js';
import { makeTemp } from '../../kit/temp.js';

const directory = makeTemp('head');
let files = 0;

function headOf(bytes: Buffer | string, compressed = false) {
  const path = join(directory, String(++files));
  writeFileSync(path, compressed ? gzipSync(bytes) : bytes);
  return readHead(path, compressed);
}

describe('the header of an original', () => {
  test.each([false, true])('is read whatever its line ends, mbox line and byte order mark (compressed: %s)', (compressed) => {
    const text =
      '\ufeffFrom steve Mon Nov  2 10:00:00 2026\nfrom: Steve <steve@example.com>\nSUBJECT: =?utf-8?q?caf=C3=A9?=\n\tand more\nDate: Mon, 2 Nov 2026 10:00:00 +0100 (CET)\n\nSubject: not this\n';
    expect(headOf(text, compressed)).toMatchObject({
      authors: ['steve@example.com'],
      subject: 'café\tand more',
      dateMs: Date.parse('2026-11-02T09:00:00Z'),
    });
  });

  test('is read behind 200 KB of other fields, and of a compressed file that is cut off', () => {
    const text = `${'Received: from somewhere\r\n'.repeat(8000)}Subject: far below\r\n\r\nbody`;
    expect(headOf(text)?.subject).toBe('far below');
    const path = join(directory, 'cut');
    writeFileSync(
      path,
      gzipSync(`Subject: begins well\r\n\r\n${Array.from({ length: 9000 }, (_, n) => n * 7919).join(' ')}`).subarray(0, 5000),
    );
    expect(readHead(path, true)?.subject).toBe('begins well');
  });

  test('gives no more than 1,000 characters of a subject of megabytes', () => {
    for (const subject of ['x'.repeat(3_000_000), '=?utf-8?b?AAAA?='.repeat(200_000), ' '.repeat(3_000_000)])
      expect(headOf(`Subject: ${subject}\r\nFrom: a@b.example\r\n\r\n`)?.subject?.length ?? 0).toBeLessThanOrEqual(1000);
  });

  test.each([
    ['NUL', Buffer.from('Subject: a\0b\r\n\r\n'), 'a\u{fffd}b'],
    ['a NUL in an encoded word', Buffer.from('Subject: =?utf-8?b?YQBi?=\r\n\r\n'), 'a\u{fffd}b'],
    ['octets of no charset', Buffer.from('Subject: \xe9t\xe9\r\n\r\n', 'latin1'), 'été'],
    ['a charset nobody knows', Buffer.from('Subject: =?x-nonsense?q?abc?=\r\n\r\n'), 'abc'],
    ['half an encoded word', Buffer.from('Subject: =?utf-8?b?\r\n\r\n'), '=?utf-8?b?'],
  ])('with %s is text that can be kept', (_, bytes, subject) => {
    expect(headOf(bytes)?.subject).toBe(subject);
  });

  test('is nothing where there is none, and no fault', () => {
    for (const bytes of ['', '\r\n\r\n', 'no header at all', '\0'.repeat(70_000)]) expect(headOf(bytes)?.subject).toBeUndefined();
    expect(readHead(join(directory, 'not there'), false)).toBeUndefined();
    expect(readHead(directory, false)).toBeUndefined();
    const path = join(directory, 'not compressed');
    writeFileSync(path, 'Subject: plain\r\n\r\n');
    expect(readHead(path, true)).toBeUndefined();
  });

  test('does not inflate what only fills memory', () => {
    expect(headOf(Buffer.alloc(300_000_000, 'a'), true)).toBeUndefined();
  });

  test('with addresses that are none keeps those that are', () => {
    expect(headOf('From: @@@, steve@example.com\r\nTo: ;;;\r\nDate: never\r\n\r\n')).toMatchObject({
      authors: ['steve@example.com'],
      visible: [],
      dateMs: undefined,
    });
  });
});
