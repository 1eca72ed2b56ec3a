import { expect, test } from 'vitest';
import { parseContentType, parseParameterised } from '../../src/message/content-type.js';
import { encodeParameters } from '../../src/message/parameter.js';

/** What a reader makes of the value, written in ASCII. */
function readAgain(text: string): Record<string, string> {
  const parsed = parseParameterised(text);
  if (parsed === undefined) throw new Error('not a value with parameters');
  const written = encodeParameters({ ...parsed, value: 'multipart/x' });
  expect(written).toMatch(/^[ -~]*$/);
  return Object.fromEntries(parseContentType(written)?.parameters ?? []);
}

test('8-bit and over-long values are read back whole', () => {
  expect(readAgain('a; filename="Grüße.pdf"; size=3')).toEqual({ filename: 'Grüße.pdf', size: '3' });
  expect(readAgain(`a; filename="${'x y'.repeat(100)}"`)).toEqual({ filename: 'x y'.repeat(100) });
});

test('a long value that is encoded already is not encoded twice', () => {
  const name = `${'Übersicht '.repeat(20)}.pdf`;
  expect(readAgain(`a; filename*=utf-8''${encodeURIComponent(name)}`)).toEqual({ filename: name });
  expect(readAgain(`a; filename*=iso-8859-1'de'${'%DCbersicht%20'.repeat(20)}.pdf`)).toEqual({ filename: name });
});

test('pieces of which one is 8-bit or over-long are put together and encoded as one', () => {
  const long = 'x'.repeat(300);
  expect(readAgain(`a; name*0*=utf-8''%C3%9C; name*1="${long}"; name*2*=%21; charset=us-ascii`)).toEqual({
    name: `Ü${long}!`,
    charset: 'us-ascii',
  });
  expect(readAgain('a; name*0="Gr"; name*1="üße"')).toEqual({ name: 'Grüße' });
});

test('pieces that can stay do', () => {
  const parsed = parseParameterised("a; name*0*=utf-8''%C3%9C; name*1=b; title=ü");
  if (parsed === undefined) throw new Error('not a value with parameters');
  expect(encodeParameters(parsed)).toBe("a; name*0*=utf-8''%C3%9C; name*1=b; title*=utf-8''%C3%BC");
});

test('a parameter with an 8-bit or endless name is left out, and hides no other', () => {
  expect(readAgain('a; größe=1; boundary=b')).toEqual({ boundary: 'b' });
  expect(readAgain(`a; ${'n'.repeat(2000)}=1; boundary=b; title=ü`)).toEqual({ boundary: 'b', title: 'ü' });
});

test('thousands of pieces take no longer than their number', () => {
  const text = `a; ${Array.from({ length: 20_000 }, (_, index) => `n${index}*0*=utf-8''%C3%9C${'x'.repeat(201)}`).join('; ')}`;
  const before = process.cpuUsage();
  readAgain(text);
  expect(process.cpuUsage(before).user).toBeLessThan(10_000_000);
});
