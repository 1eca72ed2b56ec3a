import { describe, expect, it } from 'vitest';
import { OID } from '../../../src/smime/algorithms.js';
import { element, explicit, implicit, integer, octetString, oid, sequence, setOf, time } from '../../../src/smime/cms/der.js';
import { dotted, viewDer } from '../der-view.js';

describe('element', () => {
  it.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_535, '0482ffff'],
    [65_536, '0483010000'],
    [16_777_216, '048401000000'],
  ])('writes the length %i in the fewest octets', (length, head) => {
    const encoded = element(0x04, Buffer.alloc(length));
    expect(encoded.toString('hex', 0, head.length / 2)).toBe(head);
    expect(encoded.length).toBe(head.length / 2 + length);
  });

  it('joins several contents', () => {
    expect(sequence(integer(1), octetString(Buffer.from('a'))).toString('hex')).toBe('3006020101040161');
  });
});

describe('setOf', () => {
  it('sorts by encoding and leaves the given order alone', () => {
    const given = [octetString(Buffer.of(2)), octetString(Buffer.of(1)), integer(7)];
    expect(setOf(given).toString('hex')).toBe('3109020107040101040102');
    expect(given[0]?.at(-1)).toBe(2);
  });
});

describe('oid', () => {
  it.each([
    ['1.2.840.113549.1.7.2', '06092a864886f70d010702'],
    ['2.16.840.1.101.3.4.2.1', '0609608648016503040201'],
    ['1.3.132.0.34', '06052b81040022'],
    ['2.999.3', '0603883703'],
  ])('encodes %s', (text, hex) => {
    expect(oid(text).toString('hex')).toBe(hex);
  });

  it('encodes every identifier so that it reads back the same', () => {
    for (const text of Object.values(OID)) expect(dotted(viewDer(oid(text)))).toBe(text);
  });
});

describe('integer', () => {
  it.each([
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [478, '020201de'],
  ])('encodes %i without becoming negative', (value, hex) => {
    expect(integer(value).toString('hex')).toBe(hex);
  });

  it.each([-1, 1.5, 32_768, Number.NaN])('refuses %d', (value) => {
    expect(() => integer(value)).toThrow(RangeError);
  });
});

describe('tags', () => {
  it('wraps explicitly and replaces implicitly', () => {
    expect(explicit(0, integer(1)).toString('hex')).toBe('a003020101');
    expect(implicit(1, sequence(integer(1))).toString('hex')).toBe('a103020101');
  });

  it('does not change the element it retags', () => {
    const original = sequence(integer(1));
    implicit(0, original);
    expect(original[0]).toBe(0x30);
  });
});

describe('time', () => {
  it.each([
    ['1949-12-31T23:59:59Z', 0x18, '19491231235959Z'],
    ['1950-01-01T00:00:00Z', 0x17, '500101000000Z'],
    ['2026-11-25T10:20:30.987Z', 0x17, '261125102030Z'],
    ['2049-12-31T23:59:59.999Z', 0x17, '491231235959Z'],
    ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
    ['9999-12-31T23:59:59Z', 0x18, '99991231235959Z'],
    ['0001-02-03T04:05:06Z', 0x18, '00010203040506Z'],
  ])('writes %s in whole seconds, Zulu', (iso, tag, digits) => {
    const encoded = time(new Date(iso));
    expect(encoded[0]).toBe(tag);
    expect(encoded.toString('latin1', 2)).toBe(digits);
  });

  it.each([new Date(Number.NaN), new Date('+010000-01-01T00:00:00Z'), new Date('-000001-01-01T00:00:00Z')])('refuses %s', (date) => {
    expect(() => time(date)).toThrow(RangeError);
  });
});
