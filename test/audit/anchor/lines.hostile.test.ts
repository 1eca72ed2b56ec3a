import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnchorLine } from '../../../src/audit/anchor/anchor-line.js';

const million = 1 << 20;
const hash = '0'.repeat(64);

describe('a hostile line of an anchor', () => {
  // What would be quadratic takes hours here, and the test's time limit is seconds.
  test.each([
    ['one endless word', 'a'.repeat(million)],
    ['blanks', ' '.repeat(million)],
    ['tags', ' sealdrop'.repeat(million / 9)],
    ['heads', 'head 1 '.repeat(million / 7)],
    ['brackets', '[sealdrop@32473 '.repeat(million / 16)],
    ['headers', '<109>1 '.repeat(million / 7)],
    ['deep JSON', `{"seq":${'['.repeat(million - 7)}`],
    ['an open tag', ` sealdrop[${'x'.repeat(million - 10)}`],
  ])('is read at once: %s', (_, line) => {
    expect(readAnchorLine(line).kind).not.toBe('record');
  });

  test('gives a whole number and a hash, or nothing, whatever it holds', () => {
    const piece = fc.constantFrom(
      '{"seq":',
      '1',
      '-',
      '.5',
      'e9',
      ',"hash":"',
      hash,
      '"}',
      ' sealdrop',
      '[1]: ',
      '<1>1 a b sealdrop c d ',
      'head ',
      '\0',
      '\u{1f4e7}',
      '[sealdrop@32473 seq="',
      '" hash="',
      '"]',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const read = readAnchorLine(pieces.join(''));
        if (read.kind !== 'record') return;
        expect(Number.isSafeInteger(read.record.seq) && read.record.seq > 0).toBe(true);
        expect(read.record.hash).toMatch(/^[0-9a-f]{64}$/);
      }),
      { numRuns: 3000 },
    );
  });
});
