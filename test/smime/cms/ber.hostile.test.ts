import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BerElement, BerError, childrenOf, octetsOf, readBer } from '../../../src/smime/cms/ber.js';
import { der, indefinite, int, octets } from '../read/der-kit.js';

function walk(element: BerElement, depth = 0): void {
  if (element.constructed && depth < 200) for (const child of childrenOf(element)) walk(child, depth + 1);
}

function walkable(bytes: Buffer): boolean {
  try {
    walk(readBer(bytes));
    return true;
  } catch (error) {
    if (error instanceof BerError) return false;
    throw error;
  }
}

describe('readBer, given hostile input', () => {
  it.each([
    ['nothing', ''],
    ['an identifier alone', '30'],
    ['a length that runs past the end', '300501'],
    ['a length of 2^63', '3088800000000000000001'],
    ['a length that wraps 32 bits', '308500ffffffff00'],
    ['a length of 127 octets', `30ff${'00'.repeat(127)}`],
    ['a primitive element of indefinite length', '04800000'],
    ['an indefinite length without an end', '3080020101'],
    ['end-of-contents at the beginning', '0000'],
    ['a tag number without an end', `3f${'ff'.repeat(40)}`],
  ])('refuses %s', (_name, hex) => {
    expect(() => readBer(Buffer.from(hex, 'hex'))).toThrow(BerError);
  });

  it('refuses a child that is longer than its parent', () => {
    expect(() => childrenOf(readBer(Buffer.from('30030403ff', 'hex')))).toThrow(BerError);
  });

  it('refuses end-of-contents inside a definite length', () => {
    expect(() => childrenOf(readBer(Buffer.from('30020000', 'hex')))).toThrow(BerError);
  });

  it('refuses a string segment of another type', () => {
    expect(() => octetsOf(readBer(der(0x24, octets('a'), int(1))))).toThrow(BerError);
  });

  it('refuses a list with more members than the caller allows', () => {
    expect(() => childrenOf(readBer(der(0x30, ...Array.from({ length: 11 }, () => int(1)))), 10)).toThrow(/more than 10/);
  });

  it('refuses a million nested indefinite lengths without exhausting the stack', () => {
    expect(() => readBer(Buffer.alloc(2_000_000, Buffer.of(0x30, 0x80)))).toThrow(BerError);
  });

  it('refuses deeply nested string segments without exhausting the stack', () => {
    let nested = octets('x');
    for (let level = 0; level < 5000; level += 1) nested = der(0x24, nested);
    expect(() => octetsOf(readBer(nested))).toThrow(BerError);
  });

  it('gives up on tens of millions of empty elements within bounded time and memory', () => {
    const empty = Buffer.alloc(40_000_000, Buffer.of(0x05, 0x00));
    const before = process.memoryUsage().heapUsed;
    const started = performance.now();
    expect(() => octetsOf(readBer(Buffer.concat([Buffer.of(0x30, 0x80), empty, Buffer.of(0, 0)])))).toThrow(/too many/);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  });

  it('reads each of many sibling indefinite elements about once, not once per level above', () => {
    let nested: Buffer = Buffer.concat(Array.from({ length: 50_000 }, () => octets('12345678')));
    for (let level = 0; level < 40; level += 1) nested = indefinite(0x30, nested);
    const element = readBer(nested);
    let inner = element;
    for (let level = 1; level < 40; level += 1) inner = childrenOf(inner)[0] ?? inner;
    expect(element.source.reads).toBeLessThan(200_000);
  });

  it('ends with a value or a BerError on random bytes, every time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        walkable(Buffer.from(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('ends with a value or a BerError on sound structures with octets changed', () => {
    const sound = der(0x30, int(1), indefinite(0x31, octets('abc'), der(0xa0, int(2))), der(0x24, octets('x')));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const altered = Buffer.from(sound);
        for (const [index, value] of changes) altered[index] = value;
        walkable(altered);
      }),
      { numRuns: 2000 },
    );
  });
});
