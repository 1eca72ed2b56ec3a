import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress, parseAddressList } from '../../src/message/address.js';
import { elapsedMs } from './samples.js';

describe('lists that lenient readers misread are invalid', () => {
  test.each([
    '<a@example.com>@example.org',
    'x@example.org <a@example.com>',
    'a@example.com b@example.org',
    'a@example.com <b@example.org> c@example.net',
    '<a@example.com> x',
    '<a@example.com',
    'a@example.com>',
    '<<a@example.com>>',
    '<a@example.com><b@example.com>',
    '<a@example.com, b@example.com>',
    '<@relay.example,@other.example:a@example.com>',
    'a@example.com@example.org',
    '"a@example.com',
    '(a@example.com',
    'a@[192.0.2.1',
    '"x" y"@example.com',
    'a."b".c@example.com',
    '"a"."b"@example.com',
    'a b@example.com',
    'a(c)b@example.com',
    'a (c) b@example.com',
    '<a b@example.com>',
    '<a(c)b@example.com>',
    'Group: a@example.com, Inner: b@example.com;;',
    'a@example.com\0',
    'a@example.com\rb@example.org',
    '<>',
    'Doe, John <john@example.com>',
    'mailto:a@example.com\\',
    '=?utf-8?Q?a?=@example.com',
    '=?utf-8?Q?a=40example.org?=@example.com',
    '=?utf-8?Q?a@example.org?=@example.com',
    '=?utf-8?B?YUBleGFtcGxlLm9yZw==?=',
  ])('%j', (value) => {
    expect(parseAddressList([value]).invalid).not.toEqual([]);
  });
});

test('no element of a list is ever lost: every @ outside quotes and comments is a mailbox or invalid', () => {
  const word = fc.constantFrom(
    'a@example.com',
    'b@example.org',
    '<',
    '>',
    ',',
    ';',
    ':',
    ' ',
    '"',
    '(',
    ')',
    '[',
    ']',
    '\\',
    'x',
    '@',
    '.',
    '=?utf-8?q?c?=',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const text = words.join('');
      const { mailboxes, invalid } = parseAddressList([text]);
      if (invalid.length > 0) return;
      // Where quotes, comments and backslashes meet, only the reader itself can say which of them holds the other.
      if (text.includes('\\') || (text.includes('"') && text.includes('('))) return;
      const bare = withoutComments(text.replace(/"[^"]*"/g, ''));
      // A repeated address, `a@x <a@x>`, is the one case in which a mailbox accounts for two.
      const written = (bare.match(/@/g) ?? []).length;
      expect(written).toBeGreaterThanOrEqual(mailboxes.filter(({ address }) => !address.startsWith('"')).length);
      expect(written).toBeLessThanOrEqual(2 * mailboxes.length);
      for (const { address } of mailboxes) expect(parseAddress(address)).toBe(address);
    }),
    { numRuns: 3000 },
  );
});

test('whatever parseAddress returns is its own normal form and safe in an envelope line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 30 }), (local, domain) => {
      for (const text of [`${local}@${domain}`, `"${local}"@example.com`, `${local}@example.com`, `a@${domain}`]) {
        const address = parseAddress(text);
        if (address === undefined) continue;
        expect(parseAddress(address)).toBe(address);
        expect(address).not.toMatch(/[\s\0-\x20\x7f]/);
        expect(address.slice(address.lastIndexOf('@'))).toMatch(/^@[a-z0-9.:[\]-]+$/i);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('traps for quadratic time', () => {
  const fill = (text: string) => text.repeat(Math.ceil((512 * 1024) / text.length));

  test.each([
    ['addresses', fill('a@example.com, ')],
    ['commas', fill(',')],
    ['opened quotes', fill('"')],
    ['opened comments', fill('(')],
    ['opened brackets', fill('<')],
    ['encoded words that are not closed', fill('=?a?q?')],
    ['backslashes', `"${fill('\\')}`],
    ['blanks', `a${fill(' ')}@example.com`],
    ['names', fill('name, ')],
    ['groups', fill('g:a@example.com;')],
    ['at signs', fill('@')],
    ['one long word', fill('x')],
  ])('%s', (_, text) => {
    expect(elapsedMs(() => parseAddressList([text]))).toBeLessThan(3000);
    expect(elapsedMs(() => parseAddress(text))).toBeLessThan(100);
  });
});

/** Comments nest (RFC 5322 §3.2.2): the innermost go first. */
function withoutComments(text: string): string {
  const less = text.replace(/\([^()]*\)/g, '');
  return less === text ? text : withoutComments(less);
}
