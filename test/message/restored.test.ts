import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../src/message/canonical.js';
import { restoredBy, withRestoredLine } from '../../src/message/restored.js';
import { newMessageId } from '../../src/message-id.js';

const id = newMessageId(Date.UTC(2026, 10, 24));
const read = (bytes: Buffer) => canonicalise(bytes, { fallbackCharset: 'windows-1252' });

describe('the line that says which message is restored', () => {
  test.each([
    ['CRLF', 'From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n'],
    ['LF', 'From: a@example.com\nSubject: x\n\nbody\n'],
    ['envelope lines first', 'x-sender: a@example.com\r\nx-receiver: b@example.net\r\nFrom: a@example.com\r\n\r\nbody\r\n'],
    ['a byte order mark', '\ufeffFrom: a@example.com\r\n\r\nbody\r\n'],
    ['an mbox line', 'From a@example.com Tue Nov 24 12:00:00 2026\nFrom: a@example.com\n\nbody\n'],
  ])('stands before the header: %s', (_what, text) => {
    const original = Buffer.from(text);
    const [before, after] = [read(original), read(withRestoredLine(original, id))];
    expect(restoredBy(after)).toBe(id);
    expect(after.envelopeLines).toEqual(before.envelopeLines);
    expect(after.fields.map(({ raw }) => raw.toString())).toEqual(before.fields.map(({ raw }) => raw.toString()));
    expect(after.body).toEqual(before.body);
    expect(after.changes).toEqual(before.changes);
  });

  test('of a message that was restored before, the newest counts', () => {
    const first = newMessageId(Date.UTC(2026, 9, 1));
    expect(restoredBy(read(withRestoredLine(withRestoredLine(Buffer.from('From: a@example.com\n\nx\n'), first), id)))).toBe(id);
  });

  test('that holds no id says nothing', () => {
    expect(restoredBy(read(Buffer.from('x-sealdrop-restored: <script>\nFrom: a@example.com\n\nx\n')))).toBeUndefined();
  });
});
