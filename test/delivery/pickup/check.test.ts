import { describe, expect, test } from 'vitest';
import { assertPickupFile } from '../../../src/delivery/pickup/check.js';

const good = [
  'x-sender: bounce@example.com',
  'x-receiver: a@example.net',
  'x-envid: id-1',
  'From: alice@example.com',
  'To: a@example.net',
  'Date: Mon, 05 Jan 2026 10:00:00 +0000',
  'Message-ID: <1@example.com>',
  'MIME-Version: 1.0',
  'Content-Type: application/pkcs7-mime;',
  ' smime-type=enveloped-data',
  '',
  'MIIB',
  '',
].join('\r\n');
const check = (text: string) => () => assertPickupFile(Buffer.from(text, 'latin1'));

describe('assertPickupFile', () => {
  test('accepts a good file', () => {
    expect(check(good)).not.toThrow();
  });

  test.each([
    ['a BOM', `\u00ef\u00bb\u00bf${good}`, 'first bytes'],
    ['no x-sender', good.replace(/^x-sender.*\r\n/, ''), 'first bytes'],
    ['two senders', good.replace('x-envid', 'x-sender: b@example.com\r\nx-envid'), 'exactly one x-sender'],
    ['no receiver', good.replace(/x-receiver.*\r\n/, ''), 'no x-receiver'],
    ['5,001 receivers', good.replace('x-envid', `${'x-receiver: b@example.net\r\n'.repeat(5000)}x-envid`), 'more than 5000'],
    ['angle brackets', good.replace('x-receiver: a@example.net', 'x-receiver: <a@example.net>'), 'not bare'],
    ['a display name', good.replace('x-receiver: a@example.net', 'x-receiver: A a@example.net'), 'not bare'],
    ['a blank line after the envelope', good.replace('id-1\r\n', 'id-1\r\n\r\n'), 'not exactly one from'],
    ['no x-envid', good.replace(/x-envid.*\r\n/, ''), 'exactly one x-envid'],
    ['two jobs', good.replace('From', 'x-job: a\r\nx-job: b\r\nFrom'), 'more than one x-job'],
    ['a job of two words', good.replace('From', 'x-job: a b\r\nFrom'), 'one printable word'],
    ['a bare LF', good.replace('MIIB\r\n', 'MIIB\n'), 'a bare LF'],
    ['a bare CR', good.replace('MIIB\r\n', 'MI\rIB\r\n'), 'a bare CR'],
    ['a NUL', good.replace('MIIB', 'MI\0B'), 'a NUL'],
    ['8-bit octets', good.replace('MIIB', 'M\u00e4'), '8-bit'],
    ['an unended last line', good.slice(0, -2), 'not ended'],
    ['a line of 999 octets', good.replace('MIIB', 'M'.repeat(999)), 'more than 998'],
    ['a leading dot', good.replace('MIIB', '.MIIB'), 'begins with a dot'],
    ['no Date', good.replace(/Date.*\r\n/, ''), 'exactly one date'],
    ['no Message-ID', good.replace(/Message-ID.*\r\n/, ''), 'exactly one message-id'],
    ['two MIME-Versions', good.replace('MIME-', 'Mime-Version: 1.0\r\nMIME-'), 'exactly one mime-version'],
    ['neither To nor Cc', good.replace(/\r\nTo.*/, ''), 'neither To nor Cc'],
    ['a Bcc', good.replace('Date:', 'BCC: c@example.net\r\nDate:'), 'a bcc field'],
    ['a DKIM key', good.replace('Date:', 'X-DKIM-Key: MII\r\nDate:'), 'a x-dkim-key field'],
    ['a late receiver', good.replace('Date:', 'X-Receiver: c@example.net\r\nDate:'), 'a x-receiver field'],
    ['an override of the sender', good.replace('Date:', 'x-sender-override: c@example.net\r\nDate:'), 'a x-sender-override field'],
    ['no end of the header', good.replace('\r\n\r\n', '\r\n'), 'no blank line'],
  ])('refuses a file with %s', (_, file, fault) => {
    expect(check(file)).toThrow(fault);
  });

  test('accepts a line of 998 octets', () => {
    expect(check(good.replace('MIIB', 'M'.repeat(998)))).not.toThrow();
  });

  test('names every fault at once', () => {
    expect(check(good.replace('MIIB', '.\u00e4').replace(/Date.*\r\n/, ''))).toThrow(/8-bit octets; a line that begins with a dot; .*date/);
  });
});
