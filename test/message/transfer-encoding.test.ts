import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeQuotedPrintable, encodeBase64, encodeQuotedPrintable, repairBase64 } from '../../src/message/transfer-encoding.js';
import { decodeLeaves } from './leaf-decoder.js';
import { crlf, octets } from './samples.js';

function quoted(text: string): string {
  return encodeQuotedPrintable(octets(text)).toString('latin1');
}

function unquoted(text: string): string {
  return decodeQuotedPrintable(octets(text)).toString('latin1');
}

test('quoted-printable leaves plain lines as they are', () => {
  expect(quoted('Hello, Bob!\r\n\r\nbye\t now')).toBe('Hello, Bob!\r\n\r\nbye\t now');
});

test('quoted-printable encodes 8-bit, control characters and equals signs', () => {
  expect(quoted('a=b \xfc\x01\x7f')).toBe('a=3Db =FC=01=7F');
});

test('quoted-printable encodes what transport may change', () => {
  expect(quoted('From me\r\n.\r\nFromage\r\n a \r\nb\t\r\nc ')).toBe('=46rom me\r\n=2E\r\nFromage\r\n a=20\r\nb=09\r\nc=20');
});

test('quoted-printable encodes a CR or LF that is not part of a CRLF', () => {
  expect(quoted('a\rb\nc\r')).toBe('a=0Db=0Ac=0D');
});

test('quoted-printable breaks lines at 76 characters, and a line begun so never begins unsafely', () => {
  const lines = quoted(`${'x'.repeat(75)}.dot${'y'.repeat(71)}From here`).split('\r\n');
  expect(lines).toEqual([`${'x'.repeat(75)}=`, `=2Edot${'y'.repeat(69)}=`, `yyFrom here`]);
  expect(quoted('x'.repeat(76))).toBe(`${'x'.repeat(75)}=\r\nx`);
  expect(quoted(`${'x'.repeat(76)}\r\n`)).toBe(`${'x'.repeat(76)}\r\n`);
});

test('quoted-printable is decoded as readers do: broken escapes stay, blanks at line ends go', () => {
  expect(unquoted('a=3db=C3=bc=\r\nc \t\r\nd= \r\ne=\nf=zz=4')).toBe('a=b\xc3\xbcc\r\ndef=zz=4');
  expect(unquoted('end=')).toBe('end');
  expect(unquoted('end  ')).toBe('end');
  expect(unquoted('keep=20 \r\n')).toBe('keep \r\n');
});

test('whatever is encoded in quoted-printable decodes to itself, here and by another decoder', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array.map((octet) => (octet > 200 ? octet - 200 : octet)))),
      (content) => {
        const encoded = encodeQuotedPrintable(content);
        expect(decodeQuotedPrintable(encoded)).toEqual(content);
        const entity = Buffer.concat([octets(crlf('Content-Transfer-Encoding: quoted-printable', '')), encoded]);
        expect(decodeLeaves(entity)[0]?.content).toEqual(content);
        for (const line of encoded.toString('latin1').split('\r\n')) expect(line).toMatch(/^(?!\.|From )[\t -~]{0,75}[!-~]?$/);
      },
    ),
  );
});

test('base64 comes in lines of 76 without a line end after the last', () => {
  const encoded = encodeBase64(Buffer.alloc(58)).toString();
  expect(encoded.split('\r\n').map((line) => line.length)).toEqual([76, 4]);
  expect(encodeBase64(Buffer.alloc(57))).toHaveLength(76);
  expect(encodeBase64(Buffer.alloc(0))).toHaveLength(0);
});

test('base64 with foreign octets and long lines is put in order', () => {
  expect(repairBase64(octets('SGVs\0bG8\xfc= \r\n')).toString()).toBe('SGVsbG8=');
  expect(repairBase64(octets('A'.repeat(100))).toString()).toBe(`${'A'.repeat(76)}\r\n${'A'.repeat(24)}`);
});
