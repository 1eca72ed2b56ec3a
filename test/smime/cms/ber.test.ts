import { describe, expect, it } from 'vitest';
import { childrenOf, contentOf, encodedOf, octetsOf, readBer, TAG } from '../../../src/smime/cms/ber.js';
import { der, indefinite, int, octets, seq } from '../read/der-kit.js';

describe('readBer', () => {
  it('reads a definite length in short and long form', () => {
    expect(contentOf(readBer(octets('abc'))).toString()).toBe('abc');
    const long = Buffer.alloc(70_000, 7);
    expect(contentOf(readBer(octets(long)))).toEqual(long);
  });

  it('reads a length with leading zeros, which BER allows', () => {
    expect(contentOf(readBer(Buffer.from('0484000000036162 63'.replace(/ /g, ''), 'hex'))).toString()).toBe('abc');
  });

  it('finds the end of nested indefinite lengths', () => {
    const inner = indefinite(0x30, int(1), indefinite(0x31, int(2)));
    const outer = readBer(Buffer.concat([indefinite(0x30, inner, int(3)), Buffer.from('rest')]));
    expect(childrenOf(outer).map((child) => encodedOf(child))).toEqual([inner, int(3)]);
    expect(outer.end).toBe(indefinite(0x30, inner, int(3)).length);
  });

  it('puts a constructed OCTET STRING together from segments at any level', () => {
    const nested = indefinite(0x24, octets('a'), der(0x24, octets('b'), octets('')), octets('c'));
    expect(octetsOf(readBer(nested)).toString()).toBe('abc');
  });

  it('gives a primitive string as a slice of the input, without copying it', () => {
    const input = octets('abc');
    expect(octetsOf(readBer(input)).buffer).toBe(input.buffer);
  });

  it('tells tags of different classes apart', () => {
    expect(readBer(seq()).tag).toBe(TAG.sequence);
    expect(readBer(Buffer.of(0xa3, 0)).tag).toBe(0x83);
    expect(readBer(Buffer.of(0x83, 0)).tag).toBe(0x83);
  });

  it('passes over an element with a high tag number', () => {
    const element = readBer(seq(Buffer.from('7f8148020500', 'hex'), int(5)));
    expect(childrenOf(element).map((child) => contentOf(child).toString('hex'))).toEqual(['0500', '05']);
  });
});
