import { expect, test } from 'vitest';
import { byteFacts } from '../../src/delivery/byte-facts.js';
import { octetsOf } from '../../src/message/octets.js';

/** The same whether it comes whole or octet by octet. */
async function facts(text: string) {
  const whole = Buffer.from(text, 'latin1');
  const found = await byteFacts(octetsOf(whole));
  expect(await byteFacts(octetsOf(...[...whole].map((octet) => Buffer.of(octet))))).toMatchObject({ ...found });
  return { fault: found.fault, eightBit: found.eightBit };
}

test('canonical bytes have no fault', async () => {
  expect(await facts('A: b\r\n\r\n.dot\r\n')).toEqual({ fault: undefined, eightBit: false });
});

test('octets above 127 are no fault but are told', async () => {
  expect(await facts('A: b\r\n\r\n\u00e4\r\n')).toEqual({ fault: undefined, eightBit: true });
});

test.each([
  ['a bare LF', 'a\nb\r\n'],
  ['a bare LF', '\na\r\n'],
  ['a bare CR', 'a\rb\r\n'],
  ['a bare CR', 'a\r\r\n'],
  ['a NUL', 'a\0b\r\n'],
  ['a line of more than 998 octets', `${'x'.repeat(999)}\r\n`],
  ['a last line without CRLF', 'a\r\nb'],
  ['a last line without CRLF', 'a\r'],
  ['a last line without CRLF', ''],
])('%s is found in %j', async (fault, text) => {
  expect((await facts(text)).fault).toBe(fault);
});

test('a line of 998 octets is allowed', async () => {
  expect((await facts(`a\r\n${'x'.repeat(998)}\r\n`)).fault).toBeUndefined();
});
