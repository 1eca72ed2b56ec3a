import { describe, expect, test } from 'vitest';
import { transferSafeEntityOf } from '../../src/message/entity.js';
import { envelopeOf } from '../../src/message/envelope.js';
import { lacksClosingBoundary, type MimeNode, parseMimeTree } from '../../src/message/mime-tree.js';
import { canonicalOf, crlf, elapsedMs, octets, refusal } from './samples.js';

const HEAD = ['From: alice@example.com', 'To: bob@example.net'];
const MULTIPART = crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b', '');

function depthOf(node: MimeNode): number {
  return 1 + Math.max(0, ...node.children.map(depthOf));
}

function count(node: MimeNode): number {
  return 1 + node.children.reduce((sum, child) => sum + count(child), 0);
}

function nestedMultiparts(levels: number, innermost: string): string {
  let text = crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b0', '');
  for (let level = 1; level <= levels; level++) text += crlf(`--b${level - 1}`, `Content-Type: multipart/mixed; boundary=b${level}`, '');
  return text + innermost;
}

describe('header injection', () => {
  test('a CR inside an x-receiver line is refused, not read as a second header line', () => {
    expect(refusal(() => canonicalOf(crlf('x-receiver: bob@example.net\rx-receiver: mallory@example.org', ...HEAD, '', 'x'))).code).toBe(
      'ambiguous-header',
    );
  });

  test('a NUL inside an x-receiver line is refused', () => {
    expect(refusal(() => canonicalOf(crlf('x-receiver: bob@example.net\0', ...HEAD, '', 'x'))).code).toBe('ambiguous-header');
  });

  test('a second address folded into an x-receiver line is refused', () => {
    const message = canonicalOf(crlf('x-receiver: bob@example.net', ' mallory@example.org', ...HEAD, '', 'x'));
    expect(refusal(() => envelopeOf(message)).code).toBe('bad-address');
  });
});

describe('bounds', () => {
  test('10,000 nested multiparts are read to depth 100, quickly', () => {
    const bytes = octets(nestedMultiparts(10_000, ''));
    expect(depthOf(parseMimeTree(bytes))).toBe(101);
    expect(elapsedMs(() => canonicalOf(bytes))).toBeLessThan(1000);
  });

  test('10,000 nested attached messages are read to depth 100, quickly', () => {
    const bytes = octets(crlf(...HEAD) + 'Content-Type: message/rfc822\r\n\r\n'.repeat(10_000));
    expect(depthOf(parseMimeTree(bytes))).toBe(101);
    expect(elapsedMs(() => canonicalOf(bytes))).toBeLessThan(1000);
  });

  test('100,000 parts are read up to 10,000, quickly, and none of the octets is lost', () => {
    const bytes = octets(`${MULTIPART}${crlf('--b', '', 'x').repeat(100_000)}--b--\r\n`);
    expect(count(parseMimeTree(bytes))).toBe(10_000);
    expect(parseMimeTree(bytes).closed).toBe(true);
    expect(elapsedMs(() => canonicalOf(bytes))).toBeLessThan(2000);
    expect(bytes.includes(canonicalOf(bytes).body)).toBe(true);
  });

  test('binary content beyond the bounds is refused: its line ends must not be converted', () => {
    const deep = octets(nestedMultiparts(200, crlf('--b200', 'Content-Transfer-Encoding: binary', '', 'a\nb')));
    expect(refusal(() => canonicalOf(deep))).toMatchObject({ code: 'message-too-complex', disposition: 'quarantine' });
    const many = octets(`${MULTIPART}${crlf('--b', '', 'x').repeat(10_001)}${crlf('--b', '', 'a\0', '--b--')}`);
    expect(refusal(() => canonicalOf(many)).code).toBe('message-too-complex');
  });

  test('content beyond the bounds that cannot be signed in the clear is refused, not dropped', () => {
    const many = octets(`${MULTIPART}${crlf('--b', '', 'x').repeat(10_001)}${crlf('--b ', '', '\xfc', '--b-- ')}`);
    expect(refusal(() => transferSafeEntityOf(canonicalOf(many))).code).toBe('message-too-complex');
  });

  test('more than 50,000 header fields are refused before they fill the memory', () => {
    expect(refusal(() => canonicalOf(crlf(...HEAD) + 'a:\n'.repeat(60_000))).code).toBe('message-too-complex');
  });

  test('5,000 x-receiver lines are no trouble', () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `x-receiver: r${n}@example.net`);
    const message = canonicalOf(crlf('x-sender: alice@example.com', ...lines, ...HEAD, '', 'x'));
    expect(envelopeOf(message).recipients).toHaveLength(5000);
  });
});

/** Each takes 1 MB of input: linear work takes a fraction of a second, quadratic work minutes. */
describe('traps for quadratic time', () => {
  const MB = 1024 * 1024;
  const fill = (text: string) => text.repeat(Math.ceil(MB / text.length));

  test.each([
    ['lines that almost are delimiters', MULTIPART + fill('--bc\r\n')],
    ['dashes only', MULTIPART + fill('-')],
    ['lines of dashes with padding', MULTIPART + fill(`--b${' '.repeat(250)}x\r\n`)],
    ['bare CRs and dashes', MULTIPART + fill('\r--')],
    ['bare CRs', `${MULTIPART}${fill('\r')}`],
    ['LFs', `${MULTIPART}${fill('\n')}`],
    ['one header line without end', `${crlf(...HEAD)}X-Long: ${fill('x')}`],
    ['one header line with blanks only after its name', `${crlf(...HEAD)}X-Long:${fill(' ')}x`],
    ['one header field of many folds', `${crlf(...HEAD)}X-Long: x${fill('\r\n x')}`],
    ['one part header without end', `${MULTIPART}--b\r\n${fill('Content-X: y\r\n')}`],
    ['one part header of lines that are no fields', `${MULTIPART}--b\r\n${fill('no field\r\n')}`],
    ['a Content-Type of many parameters', `${crlf(...HEAD)}Content-Type: a/b${fill('; a=b')}\r\n\r\nx`],
    ['a Content-Type of many empty parameters', `${crlf(...HEAD)}Content-Type: a/b${fill(';')}\r\n\r\nx`],
    ['a Content-Type with blanks', `${crlf(...HEAD)}Content-Type: a/b${fill(' ')};x\r\n\r\nx`],
    ['a Content-Type of parentheses', `${crlf(...HEAD)}Content-Type: a/b${fill('(')}\r\n\r\nx`],
    ['a Content-Type of quotes', `${crlf(...HEAD)}Content-Type: a/b; c="${fill('\\"')}\r\n\r\nx`],
    ['a hundred open boundaries and lines that are none of them', nestedMultiparts(99, fill('--x\r\n'))],
    ['a text of one line', `${crlf(...HEAD)}\r\n${fill('x')}`],
    ['blanks', `${crlf(...HEAD)}\r\n${fill(' ')}x`],
    ['equals signs in quoted-printable', `${crlf(...HEAD, 'Content-Transfer-Encoding: quoted-printable', '')}${fill('= ')}\r\n`],
    ['a preamble of blanks', `${MULTIPART}${fill(' ')}\r\n--b\r\n\r\nx\r\n--b--${fill(' ')}`],
    ['a part header of blanks', `${MULTIPART}--b\r\nX: y${fill(' ')}z\r\n\r\nx\r\n--b--`],
  ])('%s', (_, text) => {
    const bytes = octets(text);
    expect(
      elapsedMs(() => {
        try {
          transferSafeEntityOf(canonicalOf(bytes));
        } catch (error) {
          expect(error).toMatchObject({ disposition: 'quarantine' });
        }
        lacksClosingBoundary(bytes);
      }),
    ).toBeLessThan(3000);
  });
});

test('25 MB with LF line ends are converted in linear time', () => {
  const bytes = octets(`${crlf(...HEAD)}\n${`${'x'.repeat(75)}\n`.repeat(330_000)}`);
  expect(elapsedMs(() => canonicalOf(bytes))).toBeLessThan(2000);
});
