import { describe, expect, it } from 'vitest';
import { hasBraces, withoutBraces } from '../../src/message/braces.js';
import { type HeaderField, rawValue } from '../../src/message/field.js';
import { decodeWords } from '../../src/message/mail-libraries.js';

const field = (name: string, value: string): HeaderField => ({ name, raw: Buffer.from(`${name}: ${value}\r\n`, 'latin1') });
const shown = (one: HeaderField) => decodeWords(rawValue(one));

describe('withoutBraces', () => {
  it.each([
    ['Subject', 'Offer {{price}} for you'],
    ['Subject', 'open {{ and close }}'],
    ['Subject', '{{{{{a}}}}} {{b}}'],
    ['Subject', 'a {{long}} one '.repeat(40).trim()],
    ['X-Data', '{"a":{"b":1}}'],
    ['From', '{{name}} Smith <smith@example.com>'],
    ['To', '"Dr {{x}}" <a@example.net>, Bob <bob@example.net>'],
    ['Cc', 'Bob <bob@example.net> (the {{first}})'],
    ['Subject', '=?utf-8?q?caf=C3=A9_{{x}}?= and =?utf-8?Q?}}?='],
  ])('leaves none in %s: %s, and shows the same', (name, value) => {
    const before = field(name, value);
    const after = withoutBraces(before);
    expect(hasBraces(after.raw.toString('latin1'))).toBe(false);
    expect(shown(after).replaceAll('"', '')).toBe(shown(before).replaceAll('"', ''));
    for (const line of after.raw.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  });

  it.each([
    ['To', '{{user}}@example.net'],
    ['Message-ID', '<{{id}}@example.com>'],
    ['References', '<a@example.com> <{{id}}@example.com>'],
    ['List-Unsubscribe', '<https://example.com/{{id}}>'],
    ['Content-Type', 'text/plain; name="{{x}}"'],
  ])('does not touch what has no other form: %s: %s', (name, value) => {
    expect(rawValue(withoutBraces(field(name, value)))).toBe(value);
  });

  it('returns a field without them as it is', () => {
    const one = field('Subject', 'a { b } {c} =?utf-8?q?=7B=7B?=');
    expect(withoutBraces(one)).toBe(one);
  });
});
