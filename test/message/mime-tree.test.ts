import { describe, expect, test } from 'vitest';
import { lacksClosingBoundary, type MimeNode, parseMimeTree } from '../../src/message/mime-tree.js';
import { crlf, octets } from './samples.js';

const FROM = 'From: alice@example.com';

/** `path type encoding` of every node. */
function outline(node: MimeNode): string[] {
  return [`${node.path} ${node.mediaType} ${node.encoding}`, ...node.children.flatMap(outline)];
}

function bodyOf(bytes: Buffer, node: MimeNode | undefined): string | undefined {
  return node && bytes.toString('latin1', node.bodyStart, node.end);
}

const NESTED = crlf(
  FROM,
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary=outer-inner',
  '',
  '--outer-inner',
  '',
  'plain',
  '--outer-inner',
  'Content-Type: TEXT/HTML; charset=utf-8',
  'Content-Transfer-Encoding: Quoted-Printable',
  '',
  '<p>=',
  '--outer-inner--',
  'inner epilogue',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'Subject: attached',
  '',
  'text',
  '--outer--',
  'epilogue',
);

describe('parseMimeTree', () => {
  test('reads multiparts, alternatives and attached messages with their paths', () => {
    expect(outline(parseMimeTree(octets(NESTED)))).toEqual([
      '1 multipart/mixed 7bit',
      '1.1 multipart/alternative 7bit',
      '1.1.1 text/plain 7bit',
      '1.1.2 text/html quoted-printable',
      '1.2 message/rfc822 7bit',
      '1.2.1 text/plain 7bit',
    ]);
  });

  test('reads the same structure with LF line ends', () => {
    expect(outline(parseMimeTree(octets(NESTED.replaceAll('\r\n', '\n'))))).toEqual(outline(parseMimeTree(octets(NESTED))));
  });

  test('a leaf ends before the line end that belongs to the delimiter', () => {
    const bytes = octets(NESTED);
    const [inner, attached] = parseMimeTree(bytes).children;
    expect(bodyOf(bytes, inner?.children[0])).toBe('plain');
    expect(bodyOf(bytes, inner?.children[1])).toBe('<p>=');
    expect(bodyOf(bytes, attached?.children[0])).toBe('text');
  });

  test('a multipart spans its preamble, parts and epilogue', () => {
    const bytes = octets(NESTED);
    const inner = parseMimeTree(bytes).children[0];
    expect(bodyOf(bytes, inner)?.endsWith('inner epilogue')).toBe(true);
    expect(inner?.closed).toBe(true);
  });

  test('a boundary that begins with another one is not taken for it', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=abc', '', '--abc', '', 'x', '--abcdef', 'y', '--abc--'));
    expect(parseMimeTree(bytes).children.map((child) => bodyOf(bytes, child))).toEqual(['x\r\n--abcdef\r\ny']);
  });

  test('blanks after a delimiter are padding, other text makes it no delimiter', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=b', '', '--b \t', '', 'x', '--b y', '--b-- '));
    const root = parseMimeTree(bytes);
    expect(root.children.map((child) => bodyOf(bytes, child))).toEqual(['x\r\n--b y']);
    expect(root.closed).toBe(true);
  });

  test('a delimiter followed by many blanks and then by text is no delimiter', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', `--b${' '.repeat(2000)}y`, '--b--'));
    expect(parseMimeTree(bytes).children).toHaveLength(1);
  });

  test('a boundary that ends in two dashes is told from a closing delimiter', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary="b--"', '', '--b--', '', 'x', '--b----'));
    expect(parseMimeTree(bytes)).toMatchObject({ closed: true, children: [{ path: '1.1' }] });
  });

  test('an outer delimiter ends an inner multipart that was never closed', () => {
    const bytes = octets(
      crlf(
        FROM,
        'Content-Type: multipart/mixed; boundary=o',
        '',
        '--o',
        'Content-Type: multipart/mixed; boundary=i',
        '',
        '--i',
        '',
        'x',
        '--o',
        '',
        'y',
        '--o--',
      ),
    );
    const root = parseMimeTree(bytes);
    expect(outline(root)).toHaveLength(4);
    expect(root.children[0]?.closed).toBe(false);
    expect(bodyOf(bytes, root.children[1])).toBe('y');
  });

  test('a multipart that is cut off has its last part end with the bytes', () => {
    const bytes = octets(`${crlf(FROM, 'Content-Type: multipart/mixed; boundary=b', '', '--b', '')}x`);
    const root = parseMimeTree(bytes);
    expect(root.closed).toBe(false);
    expect(bodyOf(bytes, root.children[0])).toBe('x');
  });

  test('of two equal nested boundaries the inner one is meant until it is closed', () => {
    const inner = ['Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b--'];
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=b', '', '--b', ...inner, '--b', '', 'y', '--b--'));
    expect(outline(parseMimeTree(bytes)).map((line) => line.split(' ')[0])).toEqual(['1', '1.1', '1.1.1', '1.2']);
  });

  test('a part whose header is ended by a delimiter is empty', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: x/y', '--b--'));
    const [part] = parseMimeTree(bytes).children;
    expect(part?.mediaType).toBe('x/y');
    expect(bodyOf(bytes, part)).toBe('');
  });

  test('parts of a digest are messages by default', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: multipart/digest; boundary=b', '', '--b', '', 'Subject: x', '', 'y', '--b--'));
    expect(outline(parseMimeTree(bytes)).slice(1)).toEqual(['1.1 message/rfc822 7bit', '1.1.1 text/plain 7bit']);
  });

  test('an attached message in base64 is a leaf', () => {
    const bytes = octets(crlf(FROM, 'Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64', '', 'U3ViamVjdDogeA0K'));
    expect(parseMimeTree(bytes).children).toEqual([]);
  });

  test('a Content-Type that cannot be read makes octets, none makes text', () => {
    expect(parseMimeTree(octets(crlf(FROM, 'Content-Type: text', '', 'x'))).mediaType).toBe('application/octet-stream');
    expect(parseMimeTree(octets(crlf(FROM, '', 'x'))).mediaType).toBe('text/plain');
  });

  test('a multipart without a usable boundary is a leaf', () => {
    expect(parseMimeTree(octets(crlf(FROM, 'Content-Type: multipart/mixed', '', '--', '', 'x'))).children).toEqual([]);
    expect(parseMimeTree(octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary="\xfc"', '', '--\xfc', '', 'x'))).children).toEqual([]);
  });

  test('a byte order mark and an mbox line are passed over', () => {
    const bytes = octets(`\xef\xbb\xbfFrom a@example.com Tue\n${crlf(FROM, 'Content-Type: text/html', '', 'x')}`);
    expect(parseMimeTree(bytes).mediaType).toBe('text/html');
  });
});

describe('lacksClosingBoundary', () => {
  const head = crlf(FROM, 'Content-Type: multipart/mixed; boundary="b.1"', '', '--b.1', '', 'x');

  test.each([
    ['CRLF', '--b.1--\r\n'],
    ['LF', '--b.1--\n'],
    ['no line end', '--b.1--'],
    ['blanks and an epilogue', '--b.1-- \r\nepilogue --b.1-- here\r\n'],
  ])('is false when the closing delimiter stands there: %s', (_, end) => {
    expect(lacksClosingBoundary(octets(head + end))).toBe(false);
    expect(lacksClosingBoundary(octets(head.replaceAll('\r\n', '\n') + end))).toBe(false);
  });

  test.each([
    ['nothing', ''],
    ['another part', '--b.1\r\n\r\ny\r\n'],
    ['half of it', '--b.1-'],
    ['the delimiter inside a line', 'see --b.1--\r\n'],
    ['a longer boundary', '--b.1--x\r\n'],
    ['an inner one', '--b.1.2--\r\n'],
  ])('is true when the message ends with %s', (_, end) => {
    expect(lacksClosingBoundary(octets(head + end))).toBe(true);
  });

  test('is true when the message is cut off within its header', () => {
    expect(lacksClosingBoundary(octets(crlf(FROM, 'Content-Type: multipart/mixed; boundary=b')))).toBe(true);
  });

  test('is false for what is no multipart', () => {
    expect(lacksClosingBoundary(octets(crlf(FROM, '', 'x')))).toBe(false);
    expect(lacksClosingBoundary(Buffer.alloc(0))).toBe(false);
  });
});
