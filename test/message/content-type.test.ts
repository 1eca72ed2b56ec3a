import { expect, test } from 'vitest';
import { parseContentType, parseEncoding } from '../../src/message/content-type.js';

function parameters(raw: string): Record<string, string> {
  return Object.fromEntries(parseContentType(raw)?.parameters ?? []);
}

test.each([
  ['text/plain', 'text/plain'],
  ['Text/HTML;charset=utf-8', 'text/html'],
  [' multipart / mixed ; boundary=b', 'multipart / mixed'.replaceAll(' ', '')],
  ['text/plain (a comment; with (nesting) and \\) )', 'text/plain'],
])('%j has the media type %s', (raw, mediaType) => {
  expect(parseContentType(raw)?.mediaType).toBe(mediaType);
});

test.each(['', 'text', ';charset=utf-8', 'text/', '/plain', 'text/plain/x', '"text/plain"'])('%j has no media type', (raw) => {
  expect(parseContentType(raw)).toBeUndefined();
});

test('parameter names are lower case, values unquoted, comments left out', () => {
  expect(parameters('multipart/mixed; (c) BOUNDARY="a;b=\\"c\\" (no comment)" ; x = y')).toEqual({
    boundary: 'a;b="c" (no comment)',
    x: 'y',
  });
});

test('the first of two equal parameters counts, as readers do it', () => {
  expect(parameters('a/b; boundary=one; boundary=two')).toEqual({ boundary: 'one' });
});

test('what is no parameter is passed over, an unclosed quote runs to the end', () => {
  expect(parameters('a/b;; x=1;')).toEqual({ x: '1' });
  expect(parameters('a/b; x="open')).toEqual({ x: 'open' });
  expect(parameters('a/b; boundary==_b=; y=2')).toEqual({ boundary: '=_b=', y: '2' });
});

test('RFC 2231 continuations and charsets are decoded', () => {
  expect(parameters("a/b; name*0*=utf-8''Gr%C3%BC; name*1=\"%C3\"; name*2*=%C3%9Fe; file*=iso-8859-1'de'%FC")).toEqual({
    name: 'Grü%C3ße',
    file: 'ü',
  });
});

test('names like those of object members are only names', () => {
  expect(parameters('a/b; __proto__=x; constructor=y')).toEqual({ ['__proto__']: 'x', constructor: 'y' });
});

test.each([
  ['BASE64', 'base64'],
  [' 8bit (comment)', '8bit'],
  ['(c) quoted-printable; x=y', 'quoted-printable'],
  ['', ''],
])('the encoding label %j is %j', (raw, label) => {
  expect(parseEncoding(raw)).toBe(label);
});
