import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joined, octetsOf } from '../../src/message/octets.js';
import { base64Lines } from '../../src/smime/base64-lines.js';

/** The obvious way to do it. */
function plainFold(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? [];
  return lines.map((line) => `${line}\r\n`).join('');
}

function fold(...pieces: Buffer[]): string {
  const lines = base64Lines(octetsOf(...pieces));
  const text = joined(lines).toString('latin1');
  expect([...lines.pieces()].reduce((sum, piece) => sum + piece.length, 0)).toBe(lines.sizeBytes);
  expect(text).toHaveLength(lines.sizeBytes);
  return text;
}

describe('base64Lines', () => {
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

  it('comes in pieces of at most 1,024 lines, each of them whole lines', () => {
    const pieces = [...base64Lines(octetsOf(randomBytes(100), randomBytes(300_000))).pieces()];
    expect(pieces.length).toBeGreaterThan(4);
    for (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(1024 * 78);
      expect(piece.toString('latin1')).toMatch(/\r\n$/);
    }
  });

  it('makes no piece before it is asked for', () => {
    const asked: number[] = [];
    const octets = {
      sizeBytes: 3 * 57 * 1024,
      *pieces() {
        for (const number of [1, 2, 3]) {
          asked.push(number);
          yield Buffer.alloc(57 * 1024);
        }
      },
    };
    const [first] = base64Lines(octets).pieces();
    expect(first).toHaveLength(78 * 1024);
    expect(asked).toEqual([1]);
  });

  it.each([100, 57 * 20, 57 * 1024, 57 * 1024 + 1, 57 * 2048, 200_000])(
    'throws when %i octets are fewer or more than they said',
    (length) => {
      for (const said of [length - 58, length - 57, length - 1, length + 1, length + 57, length + 100_000]) {
        const octets = { sizeBytes: said, pieces: () => [randomBytes(length)] };
        // One more or less may need no other room in base64: then nothing is missing and nothing left over.
        if (base64Lines(octets).sizeBytes === base64Lines(octetsOf(Buffer.alloc(length))).sizeBytes) continue;
        expect(() => [...base64Lines(octets).pieces()], `${said} said`).toThrow(RangeError);
      }
    },
  );
});
