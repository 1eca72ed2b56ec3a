import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chainLine, commitmentTo, detailsLine, firstPrev, newEntry, parseChainLine, parseDetailsLine } from '../../src/audit/record.js';

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
