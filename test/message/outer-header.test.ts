import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { entityOf } from '../../src/message/entity.js';
import { isNamed, rawValue } from '../../src/message/field.js';
import { joined } from '../../src/message/octets.js';
import { assembleMessage, outerHeader } from '../../src/message/outer-header.js';
import { canonicalOf, crlf, octets } from './samples.js';

const OPTIONS = { date: new Date('2025-11-25T01:08:09Z'), messageId: '0193-a@example.com' };
/** What would be supplied otherwise. */
const COMPLETE = ['Date: Mon, 24 Nov 2025 10:00:00 +0100', 'Message-ID: <1@example.com>', 'Cc: bob@example.net'];

function outer(...lines: string[]): { text: string; changes: string[]; raw: Buffer } {
  const { fields, changes } = outerHeader(canonicalOf(Buffer.from(crlf(...lines, 'Content-Type: text/plain', '', 'x'))), OPTIONS);
  const raw = Buffer.concat(fields.map((field) => field.raw));
  return { text: raw.toString('latin1'), changes, raw };
}

function unfolded(text: string): string {
  return text.replaceAll(/\r\n(?=[ \t])/g, '');
}

describe('what stays outside', () => {
  test('fields keep their order and octets', () => {
    const lines = [
      'Received: from a by b;',
      '\tMon, 24 Nov 2025 10:00:00 +0100',
      'FROM: alice@example.com',
      'X-Odd:value',
      'To: bob@example.net',
      ...COMPLETE,
    ];
    expect(outer(...lines)).toMatchObject({ text: crlf(...lines), changes: [] });
  });

  test('Content-*, MIME-Version, Bcc, Resent-Bcc, Return-Path and DKIM-Signature do not stay', () => {
    const { text, changes } = outer(
      'return-path: <bounce@example.com>',
      'DKIM-Signature: v=1; b=x',
      'From: alice@example.com',
      'BCC: c@example.org',
      'Bcc : d@example.org',
      'Resent-Bcc: e@example.org',
      'mime-version: 1.0',
      'Content-Language: en',
      ...COMPLETE,
    );
    expect(text).toBe(crlf('From: alice@example.com', ...COMPLETE));
    expect(changes).toEqual(['return-path-removed', 'dkim-signature-removed', 'bcc-removed', 'resent-bcc-removed']);
  });

  test('Date and Message-ID are supplied when missing or empty', () => {
    expect(outer('From: alice@example.com', 'Message-ID: ', 'Subject: x', 'To: bob@example.net')).toMatchObject({
      text: crlf(
        'From: alice@example.com',
        'Subject: x',
        'To: bob@example.net',
        'Date: Tue, 25 Nov 2025 01:08:09 +0000',
        'Message-ID: <0193-a@example.com>',
      ),
      changes: ['date-supplied', 'message-id-supplied'],
    });
  });

  test('a message to blind recipients only gets a destination that names nobody', () => {
    const { text, changes } = outer('From: alice@example.com', 'Bcc: c@example.org', 'Date: x', 'Message-ID: <1@example.com>');
    expect(text).toBe(crlf('From: alice@example.com', 'Date: x', 'Message-ID: <1@example.com>', 'To: undisclosed-recipients:;'));
    expect(changes).toEqual(['bcc-removed', 'to-supplied']);
  });
});

describe('8-bit header text', () => {
  test('words of a Subject are encoded, ASCII words are not', async () => {
    const { text, changes } = outer('From: alice@example.com', 'Subject: The Grüße to  all über', ...COMPLETE);
    expect(text).toContain('Subject: The =?utf-8?q?Gr=C3=BC=C3=9Fe?= to  all =?utf-8?q?=C3=BCber?=\r\n');
    expect(changes).toEqual(['header-encoded Subject']);
    expect((await simpleParser(text)).subject).toBe('The Grüße to  all über');
  });

  test('an old 8-bit charset is understood as the configured one', () => {
    const message = canonicalOf(octets(crlf('From: alice@example.com', 'Subject: \xa4 5', 'Content-Type: text/plain', '', 'x')));
    const subject = outerHeader(message, { ...OPTIONS, fallbackCharset: 'iso-8859-15' }).fields.find((field) => isNamed(field, 'Subject'));
    expect(subject && rawValue(subject)).toBe('=?utf-8?q?=E2=82=AC?= 5');
  });

  test('blanks between our encoded words and those that were there are not lost', async () => {
    const subject = 'ä =?utf-8?q?=C3=B6?= ü  ß x';
    const { text } = outer('From: alice@example.com', `Subject: ${subject}`, ...COMPLETE);
    expect((await simpleParser(text)).subject).toBe('ä ö ü  ß x');
  });

  test('long text is split between characters, in lines of at most 76, and read back whole', async () => {
    const subject = `${'Grüße 漢字 😀 '.repeat(60)}${'漢'.repeat(200)}`;
    const { text, raw } = outer('From: alice@example.com', `Subject: ${subject}`, ...COMPLETE);
    expect((await simpleParser(raw)).subject).toBe(subject);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
    for (const word of text.match(/=\?\S+\?=/g) ?? []) expect(word.length).toBeLessThanOrEqual(75);
  });

  test('in address fields names, quoted names and comments are encoded, addresses are not', async () => {
    const { text, raw, changes } = outer(
      'From: Jürgen Müller <j@example.com>',
      'To: "Müller, Jürgen" <j@example.com>, k@example.com (Köln), Plain Name <p@example.com>, "A, B" <ab@example.com>',
      'Cc: Ünder: a@example.com, "x" <b@example.com>;',
      ...COMPLETE,
    );
    expect(text).toMatch(/^[\0-\x7f]*$/);
    expect(unfolded(text)).toContain('"A, B" <ab@example.com>');
    const parsed = await simpleParser(raw);
    expect(parsed.from?.value).toEqual([{ name: 'Jürgen Müller', address: 'j@example.com' }]);
    expect([parsed.to].flat()[0]?.value).toEqual([
      { name: 'Müller, Jürgen', address: 'j@example.com' },
      { name: 'Köln', address: 'k@example.com' },
      { name: 'Plain Name', address: 'p@example.com' },
      { name: 'A, B', address: 'ab@example.com' },
    ]);
    expect([parsed.cc].flat()[0]?.value[0]?.name).toBe('Ünder');
    expect(changes).toEqual(['header-encoded From', 'header-encoded To', 'header-encoded Cc']);
  });

  test('an 8-bit domain becomes A-labels', () => {
    expect(outer('From: a@bücher.example', 'To: Bücher <b@Bücher.example>', ...COMPLETE).text).toContain(
      'From: a@xn--bcher-kva.example\r\nTo: =?utf-8?q?B=C3=BCcher?= <b@xn--bcher-kva.example>\r\n',
    );
  });

  test('an 8-bit local part stays, and the record says that SMTPUTF8 is needed', () => {
    const { raw, changes } = outer('From: Jürgen <jürgen@bücher.example>', ...COMPLETE);
    expect(raw.toString()).toContain('<jürgen@xn--bcher-kva.example>');
    expect(changes).toEqual(['smtputf8-needed From']);
  });

  test('an address list that cannot be read is encoded as text', () => {
    expect(outer('From: alice@example.com', 'To: "Jürgen <j@example.com>', ...COMPLETE).text).toMatch(/^[\0-\x7f]*$/);
  });
});

describe('over-long lines', () => {
  test('a line of 998 octets stays as it is', () => {
    const line = `X-Long: ${'x '.repeat(495)}`.trimEnd();
    expect(line.length).toBeLessThanOrEqual(998);
    expect(outer('From: alice@example.com', line, ...COMPLETE).changes).toEqual([]);
  });

  test('unstructured text is refolded at its blanks without losing any', () => {
    const value = 'one  two\tthree '.repeat(100).trimEnd();
    const { text, changes } = outer('From: alice@example.com', `X-Long: ${value}`, ...COMPLETE);
    expect(unfolded(text)).toContain(`X-Long: ${value}\r\n`);
    for (const line of text.split('\r\n')) expect(line).toMatch(/^(?:\S|[ \t]+\S).{0,90}$|^$/);
    expect(changes).toEqual(['header-refolded X-Long']);
  });

  test('blanks that no line could hold become one, in whatever field, and take no time', () => {
    const blanks = ' '.repeat(200_000);
    const before = process.cpuUsage();
    const { text } = outer(
      `From: "A"${blanks}<alice@example.com>`,
      `X-Long: ü${blanks}end`,
      `To: (ü${blanks}) bob@example.net`,
      ...COMPLETE,
    );
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    expect(unfolded(text)).toContain('From: "A" <alice@example.com>\r\n');
    expect(unfolded(text)).toContain('X-Long: =?utf-8?q?=C3=BC?= end\r\n');
  });

  test('a word too long for a line is encoded, and read back whole', async () => {
    const { text, raw } = outer('From: alice@example.com', `Subject: see ${'x'.repeat(1500)} now`, ...COMPLETE);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    expect((await simpleParser(raw)).subject).toBe(`see ${'x'.repeat(1500)} now`);
  });

  test('a list of addresses without blanks is folded after its commas', async () => {
    const addresses = Array.from({ length: 200 }, (_, n) => `recipient-${n}@example.net`);
    const { text, raw } = outer('From: alice@example.com', `To: ${addresses.join(',')}`, ...COMPLETE);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
    expect([(await simpleParser(raw)).to].flat()[0]?.value.map(({ address }) => address)).toEqual(addresses);
  });

  test('message identifiers without blanks between them are folded', () => {
    const references = Array.from({ length: 100 }, (_, n) => `<${n}@example.com>`).join('');
    const { text } = outer('From: alice@example.com', `References: ${references}`, ...COMPLETE);
    expect(unfolded(text).replaceAll('> <', '><')).toContain(references);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
  });

  test('a long quoted name is kept', async () => {
    const name = 'word '.repeat(300).trimEnd();
    const { raw } = outer(`From: "${name}, x" <a@example.com>`, ...COMPLETE);
    expect((await simpleParser(raw)).from?.value[0]?.name).toBe(`${name}, x`);
  });
});

test('assembleMessage puts MIME-Version before the Content-* fields of the entity', () => {
  const message = canonicalOf(crlf('From: alice@example.com', 'Mime-Version: 1.0 (old)', 'Content-Type: text/plain', ...COMPLETE, '', 'x'));
  expect(joined(assembleMessage(outerHeader(message, OPTIONS).fields, entityOf(message))).toString()).toBe(
    crlf('From: alice@example.com', ...COMPLETE, 'MIME-Version: 1.0', 'Content-Type: text/plain', '', 'x'),
  );
});
