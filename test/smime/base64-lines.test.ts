import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64LinesLength, writeBase64Lines } from '../../src/smime/base64-lines.js';

/** The obvious way to do it. */
function plainFold(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? [];
  return lines.map((line) => `${line}\r\n`).join('');
}

function fold(...pieces: Buffer[]): string {
  const length = base64LinesLength(pieces.reduce((sum, piece) => sum + piece.length, 0));
  const out = Buffer.alloc(length + 20, '#');
  expect(writeBase64Lines(pieces, out, 10)).toBe(10 + length);
  expect(out.toString('latin1', 0, 10) + out.toString('latin1', 10 + length)).toBe('#'.repeat(20));
  return out.toString('latin1', 10, 10 + length);
}

describe('writeBase64Lines', () => {
  it('equals the plain fold for every length from 0 to 300', () => {
    const bytes = randomBytes(300);
    for (let length = 0; length <= 300; length += 1) {
      expect(fold(bytes.subarray(0, length)), `${length} octets`).toBe(plainFold(bytes.subarray(0, length)));
    }
  });

  it.each([57 * 512 - 1, 57 * 512, 57 * 512 + 1, 57 * 1024, 57 * 1537 + 20, 1_000_003, 5_000_000])(
    'equals the plain fold for %i random octets',
    (length) => {
      const bytes = randomBytes(length);
      expect(fold(bytes) === plainFold(bytes)).toBe(true);
    },
  );

  it('keeps every octet value', () => {
    const bytes = Buffer.from(Array.from({ length: 57 * 256 }, (_, index) => index % 256));
    expect(Buffer.from(fold(bytes), 'base64')).toEqual(bytes);
  });

  it('gives the same lines however the octets are cut into pieces', () => {
    const pieces = fc.array(
      fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
      { maxLength: 12 },
    );
    fc.assert(fc.property(pieces, (cut) => fold(...cut) === plainFold(Buffer.concat(cut))));
  });

  it('gives the same lines for pieces of several blocks', () => {
    const bytes = randomBytes(200_000);
    const cut = [bytes.subarray(0, 31), bytes.subarray(31, 65_567), bytes.subarray(65_567, 65_567), bytes.subarray(65_567)];
    expect(fold(...cut) === plainFold(bytes)).toBe(true);
  });

  it('takes pieces from a generator', () => {
    const out = Buffer.alloc(base64LinesLength(6));
    writeBase64Lines(
      (function* () {
        yield Buffer.from('abc');
        yield Buffer.from('def');
      })(),
      out,
      0,
    );
    expect(out.toString()).toBe('YWJjZGVm\r\n');
  });

  it('throws rather than writing beyond its room', () => {
    const bytes = randomBytes(60_000);
    const out = Buffer.alloc(base64LinesLength(60_000) - 1);
    expect(() => writeBase64Lines([bytes], out, 0)).toThrow(RangeError);
  });
});
