import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  chainLine,
  commitmentTo,
  detailsLine,
  firstPrev,
  isCommittedTo,
  newEntry,
  parseChainLine,
  parseDetailsLine,
} from '../../src/audit/record.js';

const entry = newEntry(
  'accepted',
  { id: '018f0000-0000-7000-8000-000000000000', outcome: 'ok', algorithms: 'rsa+sha256' },
  { file: 'Rechnung "für" }}\u2028\n.eml', nested: { seq: 7, salt: 'x', detail: { a: '"}' } } },
);
const time = new Date('2026-11-24T12:00:00.000Z');
const { line, hash } = chainLine(entry, { seq: 3, time, prev: firstPrev });

describe('a chain line', () => {
  test('ends in the SHA-256 of its own bytes without the hash member', () => {
    const unhashed = line.replace(/,"hash":"[0-9a-f]{64}"\}$/, '}');
    expect(line).toContain(`"hash":"${hash}"`);
    expect(createHash('sha256').update(unhashed).digest('hex')).toBe(hash);
  });

  test('reads back as what was recorded', () => {
    expect(parseChainLine(line)).toEqual({
      kind: 'record',
      record: {
        seq: 3,
        time: time.toISOString(),
        event: 'accepted',
        id: entry.id,
        outcome: 'ok',
        algorithms: 'rsa+sha256',
        detail: entry.commitment,
        prev: firstPrev,
        hash,
      },
    });
  });

  test('holds nothing of the detail but the commitment to it', () => {
    expect(line).not.toContain('Rechnung');
    expect(line).not.toContain(entry.salt);
  });

  test('cut off anywhere is torn', () => {
    for (let length = 0; length < line.length; length++) expect(parseChainLine(line.slice(0, length)).kind, String(length)).toBe('torn');
  });

  test('with any one character changed is no record any more', () => {
    for (let at = 0; at < line.length; at++) {
      const changed = `${line.slice(0, at)}${line[at] === 'a' ? 'b' : 'a'}${line.slice(at + 1)}`;
      expect(parseChainLine(changed).kind, String(at)).not.toBe('record');
    }
  });

  test('whose content was changed is altered, and says which it was', () => {
    expect(parseChainLine(line.replace('accepted', 'rejected'))).toEqual({ kind: 'altered', seq: 3 });
  });

  test('with a right hash over something that is no record is altered', () => {
    const body = '{"seq":"3"';
    const right = createHash('sha256').update(`${body}}`).digest('hex');
    expect(parseChainLine(`${body},"hash":"${right}"}`).kind).toBe('altered');
  });
});

test('a line of any shape is read as JSON.parse reads it', () => {
  const bare = chainLine(newEntry('stopped', {}, {}), { seq: 9007199254740991, time, prev: hash }).line;
  const pieces = [
    '"',
    '\\',
    '\\u0061',
    'ä',
    '\u2028',
    ' ',
    '0',
    '-1',
    'e9',
    '.5',
    ',',
    '{',
    '}',
    ',"seq":5',
    ',"id":"b"',
    ',"id":null',
    '\t',
    '\x7f',
  ];
  const counts = new Map<string, number>();
  for (const original of [line, bare])
    for (let at = 0; at <= original.length - hashMemberLength; at++)
      for (const piece of pieces)
        for (const changed of [
          original.slice(0, at) + piece + original.slice(at),
          original.slice(0, at) + piece + original.slice(at + 1),
        ]) {
          const body = changed.slice(0, -hashMemberLength);
          const right = `${body},"hash":"${createHash('sha256').update(`${body}}`).digest('hex')}"}`;
          for (const text of [changed, right]) {
            const parsed = parseChainLine(text);
            expect(parsed, text).toEqual(readInFull(text));
            counts.set(parsed.kind, (counts.get(parsed.kind) ?? 0) + 1);
          }
        }
  expect(Math.min(...['record', 'altered', 'torn'].map((kind) => counts.get(kind) ?? 0))).toBeGreaterThan(20);
});

const hashMemberLength = `,"hash":"${firstPrev}"}`.length;

/** What a chain line is, by the book. */
function readInFull(text: string) {
  const [, own] = /,"hash":"([0-9a-f]{64})"\}$/.exec(text) ?? [];
  if (own === undefined) return { kind: 'torn' };
  let record: Record<string, unknown> | undefined;
  try {
    record = JSON.parse(text);
  } catch {
    record = undefined;
  }
  const actual = createHash('sha256')
    .update(`${text.slice(0, -hashMemberLength)}}`)
    .digest('hex');
  if (actual !== own) return { kind: 'altered', seq: typeof record?.seq === 'number' ? record.seq : undefined };
  const isRecord =
    typeof record?.seq === 'number' && ['time', 'event', 'detail', 'prev', 'hash'].every((name) => typeof record[name] === 'string');
  return isRecord ? { kind: 'record', record } : { kind: 'altered', seq: undefined };
}

test('a commitment is the HMAC of RFC 2104, whatever the length and whatever came before', () => {
  for (const length of [0, 1, 63, 64, 65, 200_000, 3, 65_535, 65_536, 400_000, 0]) {
    const salt = randomBytes(16);
    const text = randomBytes(length);
    const right = createHmac('sha256', salt).update(text).digest('hex');
    expect(isCommittedTo(right, { salt: salt.toString('hex'), text }), String(length)).toBe(true);
    expect(isCommittedTo(right, { salt: firstPrev.slice(32), text }), String(length)).toBe(false);
    if (length > 0) expect(isCommittedTo(right, { salt: salt.toString('hex'), text: text.subarray(1) }), String(length)).toBe(false);
  }
});

describe('a details line', () => {
  const details = detailsLine(entry, 3);

  test('gives back the exact bytes that were committed to', () => {
    const parsed = parseDetailsLine(details);
    expect(parsed).toEqual({ kind: 'detail', seq: 3, salt: entry.salt, text: entry.detail });
    expect(commitmentTo(entry.detail, entry.salt)).toBe(entry.commitment);
    expect(entry.commitment).toBe(createHmac('sha256', Buffer.from(entry.salt, 'hex')).update(entry.detail).digest('hex'));
  });

  test('is one line, whatever the detail holds', () => {
    expect(details).not.toMatch(/[\n\r]/);
    expect(JSON.parse(details).detail).toEqual(JSON.parse(entry.detail));
  });

  test('cut off anywhere is torn', () => {
    for (let length = 0; length < details.length; length++) {
      expect(parseDetailsLine(details.slice(0, length)).kind, String(length)).toBe('torn');
    }
  });

  test('that was erased says so, and nothing else', () => {
    expect(parseDetailsLine('{"seq":3,"erased":true}')).toEqual({ kind: 'erased', seq: 3 });
  });
});

test('equal details have different commitments, so that they cannot be guessed', () => {
  expect(newEntry('noted', {}, { a: 1 }).commitment).not.toBe(newEntry('noted', {}, { a: 1 }).commitment);
});
