import { describe, expect, test } from 'vitest';
import { readAnchorLine } from '../../../src/audit/anchor/anchor-line.js';
import { type ForwardedRecord, forwardedRecord } from '../../../src/audit/forward/forwarded-record.js';
import { framed, type SyslogSource, syslogMessage } from '../../../src/audit/forward/syslog-message.js';
import { chainLine, commitmentTo, detailsLine, firstPrev, newEntry } from '../../../src/audit/record.js';
import { noon } from '../chain.js';

const source: SyslogSource = { facility: 'audit', host: 'mail.example.com', pid: 4711, maxBytes: 8192 };
const id = '019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7';

function recordOf(detail: object, { outcome = 'handed-to-mta', personal = false } = {}): ForwardedRecord {
  const entry = newEntry('committed', { id, outcome }, detail);
  const { line } = chainLine(entry, { seq: 21, time: noon, prev: firstPrev });
  const record = forwardedRecord(line, personal ? Buffer.from(detailsLine(entry, 21)) : undefined);
  if (record === undefined) throw new Error(line);
  return record;
}

describe('a record as a syslog message', () => {
  test('has the form of RFC 5424, with number and hash in the structured data and the line of the chain as text', () => {
    const record = recordOf({ file: 'a.eml' });
    expect(syslogMessage(record, source).toString()).toBe(
      `<109>1 2026-11-24T12:00:00.000Z mail.example.com sealdrop 4711 committed ` +
        `[sealdrop@32473 seq="21" hash="${record.hash}" id="${id}" outcome="handed-to-mta"] ${record.line}`,
    );
  });

  test('tells nothing of the details unless it is to', () => {
    expect(syslogMessage(recordOf({ to: 'bob@example.net' }), source).toString()).not.toContain('bob');
    expect(syslogMessage(recordOf({ to: 'bob@example.net' }, { personal: true }), source).toString()).toContain('bob@example.net');
  });

  test('is ASCII whatever the details hold, and they can be proven from it', () => {
    const detail = { subject: 'Grüße \u{1f4e7} \u007f\n', file: 'a"]\\.eml' };
    const record = recordOf(detail, { personal: true });
    const message = syslogMessage(record, source);
    expect(message.every((octet) => octet >= 0x20 && octet < 0x7f)).toBe(true);
    const text = message.toString();
    const value = JSON.parse(text.slice(text.indexOf('{"seq"'))) as { personal: object; salt: string; detail: string };
    expect(value.personal).toEqual(detail);
    expect(commitmentTo(JSON.stringify(value.personal), value.salt)).toBe(value.detail);
  });

  test('escapes what the structured data must not hold', () => {
    const text = syslogMessage(recordOf({}, { outcome: 'a"b\\c]d\u00e9' }), source).toString();
    expect(text).toContain('outcome="a\\"b\\\\c\\]d?"]');
  });

  test.each([480, 1180])('is cut to %i octets in its text, never in number and hash', (maxBytes) => {
    const record = recordOf({ recipients: Array.from({ length: 200 }, (_, n) => `person${n}@example.net`) }, { personal: true });
    const message = syslogMessage(record, { ...source, maxBytes });
    expect(message.length).toBe(maxBytes);
    expect(readAnchorLine(message.toString())).toMatchObject({ kind: 'record', record: { seq: 21, hash: record.hash } });
  });

  test('has number and hash also where everything else is too long', () => {
    const record = recordOf({}, { outcome: 'o'.repeat(500) });
    const message = syslogMessage(record, { ...source, host: 'h'.repeat(255), maxBytes: 480 });
    expect(message.length).toBeLessThanOrEqual(480);
    expect(message.toString()).toContain(`[sealdrop@32473 seq="21" hash="${record.hash}"`);
  });

  test('is framed by its length in octets', () => {
    expect(framed(Buffer.from('abc')).toString()).toBe('3 abc');
  });
});
