import { describe, expect, it } from 'vitest';
import { explicit, integer, octetString, sequence } from '../../../src/smime/cms/der.js';
import { around, frameLength, hollowString } from '../../../src/smime/cms/frame.js';

describe('around', () => {
  it.each([0, 1, 120, 127, 128, 200, 255, 256, 65_530, 65_536])('with %i octets put into the hole is what is built whole', (length) => {
    const content = Buffer.alloc(length, 'c');
    const frame = around(0x30, [integer(1)], around(0xa0, [], hollowString(0x04, length)), [integer(2), integer(3)]);
    const whole = sequence(integer(1), explicit(0, octetString(content)), integer(2), integer(3));
    expect(Buffer.concat([...frame.head, content, ...frame.tail])).toEqual(whole);
    expect(frameLength(frame)).toBe(whole.length);
  });
});
