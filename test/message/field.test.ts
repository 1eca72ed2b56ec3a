import { describe, expect, it } from 'vitest';
import { decodeOctets } from '../../src/message/field.js';

const octets = (...values: number[]) => Buffer.from(values).toString('latin1');

describe('decodeOctets', () => {
  it('reads UTF-8 where the octets validate', () => {
    expect(decodeOctets(Buffer.from('5 € für dich').toString('latin1'))).toBe('5 € für dich');
  });

  it('reads windows-1252 else, its characters between 128 and 159 included', () => {
    expect(decodeOctets(`5 ${octets(0x80)} f${octets(0xfc)}r ${octets(0x84)}dich${octets(0x93)}`)).toBe('5 € für „dich“');
  });

  it('loses no octet that windows-1252 does not assign', () => {
    expect(decodeOctets(octets(0x81, 0xe9))).toBe('\u0081é');
  });

  it('reads another charset where one is named, and one to one where it is not known', () => {
    expect(decodeOctets(octets(0xe1, 0xe2), 'koi8-r')).toBe('АБ');
    expect(decodeOctets(octets(0xe1), 'no-such-charset')).toBe('á');
  });
});
