import { describe, expect, test } from 'vitest';
import { entityOf, transferSafeEntityOf } from '../../src/message/entity.js';
import { joined } from '../../src/message/octets.js';
import { makeTransferSafe } from '../../src/message/transfer-safe.js';
import { decodeLeaves } from './leaf-decoder.js';
import { canonicalOf, crlf, octets } from './samples.js';

const HEAD = ['From: alice@example.com', 'To: bob@example.net', 'MIME-Version: 1.0'];

function safe(...lines: string[]): { text: string; changes: string[] } {
  return safeBytes(octets(crlf(...HEAD, ...lines)));
}

function safeBytes(original: Buffer): { text: string; changes: string[] } {
  const { entity, changes } = transferSafeEntityOf(canonicalOf(original));
  return { text: entity.toString('latin1'), changes };
}

describe('entityOf', () => {
  test('is the Content-* fields in their order, an empty line, and the body; nothing of the outer header', () => {
    const message = canonicalOf(
      crlf('content-type: text/plain', 'Subject: x', 'Bcc: c@example.org', 'Content-Language: en', ...HEAD, '', 'body'),
    );
    expect(joined(entityOf(message)).toString()).toBe(crlf('content-type: text/plain', 'Content-Language: en', '', 'body'));
  });

  test('keeps 8-bit octets', () => {
    const message = canonicalOf(octets(crlf(...HEAD, 'Content-Type: text/plain; name=\xfc', '', '\xfc ')));
    expect(joined(entityOf(message)).toString('latin1')).toBe(crlf('Content-Type: text/plain; name=\xfc', '', '\xfc '));
  });

  test('ends in the empty line when there is no body', () => {
    expect(joined(entityOf(canonicalOf(crlf(...HEAD, 'Content-Type: text/plain')))).toString()).toBe(crlf('Content-Type: text/plain', ''));
  });
});

describe('transferSafeEntityOf', () => {
  test('leaves an entity alone in which nothing has to change', () => {
    const lines = [
      'Content-Type: multipart/mixed; boundary=b',
      '',
      'preamble',
      '--b',
      'Content-Type: text/plain',
      '',
      'x.',
      '--b--',
      'epilogue',
    ];
    expect(safe(...lines)).toEqual({ text: crlf(...lines), changes: [] });
  });

  test('the short way for such an entity gives the same as the whole way', () => {
    const entity = octets(
      crlf(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'x',
        '--b',
        'Content-Type: message/rfc822',
        '',
        'A: b',
        '',
        'y',
        '--b--',
      ),
    );
    expect(makeTransferSafe(entity, { shortcut: false })).toEqual(makeTransferSafe(entity));
    expect(makeTransferSafe(entity).entity).toBe(entity);
  });

  test.each([
    ['8-bit', 'Gr\xfc\xdfe', 'Gr=FC=DFe'],
    ['blanks at a line end', 'a \r\nb\t', 'a=20\r\nb=09'],
    ['a line that begins with From', 'x\r\nFrom me', 'x\r\n=46rom me'],
    ['a first line that begins with From', 'From me', '=46rom me'],
    ['a line that begins with a dot', 'x\r\n.y', 'x\r\n=2Ey'],
    ['a line above 998 octets', 'x'.repeat(999), `${`${'x'.repeat(75)}=\r\n`.repeat(13)}${'x'.repeat(24)}`],
  ])('text with %s becomes quoted-printable', (_, content, encoded) => {
    expect(safe('Content-Type: text/plain', '', content)).toEqual({
      text: crlf('Content-Type: text/plain', 'Content-Transfer-Encoding: quoted-printable', '', encoded),
      changes: ['part-to-quoted-printable 1'],
    });
  });

  test('a line of 998 octets may stay', () => {
    expect(safe('Content-Type: text/plain', '', 'x'.repeat(998)).changes).toEqual([]);
  });

  test('what is no text becomes base64', () => {
    const { text, changes } = safe('Content-Type: image/svg+xml', 'Content-Transfer-Encoding: 8bit', '', '<svg/> ');
    expect(text).toBe(crlf('Content-Type: image/svg+xml', 'Content-Transfer-Encoding: base64', '', 'PHN2Zy8+IA0K'));
    expect(changes).toEqual(['part-to-base64 1', 'final-line-end-added']);
  });

  test('labels follow, at every level', () => {
    const { text, changes } = safe(
      'Content-Type: multipart/mixed; boundary=o',
      'Content-Transfer-Encoding: 8bit',
      '',
      '--o',
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: 8bit',
      '',
      'Subject: inner',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: 8bit',
      '',
      '\xfc',
      '--o',
      'Content-Transfer-Encoding: 8bit',
      '',
      'plain',
      '--o--',
    );
    expect(text).not.toContain('8bit');
    expect(text.match(/Content-Transfer-Encoding: 7bit/g)).toHaveLength(3);
    expect(text).toContain('Content-Transfer-Encoding: quoted-printable\r\n\r\n=FC\r\n--o');
    expect(changes).toEqual(['part-to-quoted-printable 1.1.1', 'label-to-7bit 1.1', 'label-to-7bit 1.2', 'label-to-7bit 1']);
  });

  test('a part without a header gets one', () => {
    const { text } = safe('Content-Type: multipart/mixed; boundary=b', '', '--b', '', '\xfc', '--b--');
    expect(text).toBe(
      crlf('Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Transfer-Encoding: quoted-printable', '', '=FC', '--b--'),
    );
  });

  test('encoded leaves that are not safe are encoded again to the same content', () => {
    const { text, changes } = safe(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '.a=3D=',
      'b\xfc ',
      '--b',
      'Content-Transfer-Encoding: base64',
      '',
      'SGVs ',
      'bG8=',
      '--b--',
    );
    expect(text).toContain('\r\n\r\n=2Ea=3Db=FC\r\n--b\r\n');
    expect(text).toContain('\r\n\r\nSGVsbG8=\r\n--b--\r\n');
    expect(changes).toEqual(['part-to-quoted-printable 1.1', 'part-to-base64 1.2']);
  });

  test('an unknown label stays while it can, and goes when the octets cannot', () => {
    const lines = ['Content-Type: text/plain', 'Content-Transfer-Encoding: x-uuencode', '', 'begin 644 x '];
    expect(safe(...lines)).toEqual({ text: crlf(...lines), changes: [] });
    expect(safe('Content-Type: text/plain', 'Content-Transfer-Encoding: 8-bit', '', '\xfc').text).toBe(
      crlf('Content-Type: text/plain', 'Content-Transfer-Encoding: quoted-printable', '', '=FC'),
    );
  });

  test('text without a final line end gets one, as any transport would give it', () => {
    expect(safeBytes(octets(`${crlf(...HEAD, 'Content-Type: text/plain', '')}x`))).toEqual({
      text: crlf('Content-Type: text/plain', '', 'x'),
      changes: ['final-line-end-added'],
    });
  });

  test('other content without a final line end keeps its exact octets', () => {
    const json = safeBytes(octets(`${crlf(...HEAD, 'Content-Type: application/json', '')}{}`));
    expect(json.text).toBe(crlf('Content-Type: application/json', 'Content-Transfer-Encoding: base64', '', 'e30='));
    const quoted = safeBytes(
      octets(`${crlf(...HEAD, 'Content-Type: application/json', 'Content-Transfer-Encoding: quoted-printable', '')}{}`),
    );
    expect(quoted.text.endsWith('\r\n\r\n{}=\r\n')).toBe(true);
  });

  test('blanks after delimiters go; a preamble or epilogue that cannot stay is left out', () => {
    const { text, changes } = safe(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      'pre\xfc',
      '--b ',
      '',
      'x',
      '--b\t',
      '',
      'y',
      '--b-- ',
      'post\xfc',
    );
    expect(text).toBe(crlf('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b', '', 'y', '--b--'));
    expect(changes).toEqual(expect.arrayContaining(['preamble-removed 1', 'epilogue-removed 1', 'delimiter-blanks-removed 1']));
  });

  test('a safe preamble and epilogue stay when only the delimiter has blanks', () => {
    const { text } = safe('Content-Type: multipart/mixed; boundary=b', '', 'pre', '--b ', '', 'x', '--b-- ', 'post');
    expect(text).toBe(crlf('Content-Type: multipart/mixed; boundary=b', '', 'pre', '--b', '', 'x', '--b--', 'post'));
  });

  test('8-bit parameters of part headers take the form of RFC 2231, other 8-bit text that of RFC 2047', () => {
    const { text, changes } = safeBytes(
      Buffer.from(
        crlf(
          ...HEAD,
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Type: application/pdf; name="Grüße.pdf"',
          'Content-Description: Grüße an alle ',
          '\t',
          'Content-Disposition: attachment; filename="Grüße.pdf"; size=3',
          '',
          'x',
          '--b--',
        ),
      ),
    );
    expect(text).toContain("Content-Type: application/pdf; name*=utf-8''Gr%C3%BC%C3%9Fe.pdf\r\n");
    expect(text).toContain('Content-Description: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\r\n');
    expect(text).toContain("Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf;\r\n size=3\r\n\r\nx");
    expect(changes).toEqual(['part-header-encoded 1.1']);
  });

  test('the header of an attached message is made safe too, its mbox line left out', () => {
    const { text } = safe('Content-Type: message/rfc822', '', 'From a@example.com Tue', 'Subject: \xfc', 'X-Note: x ', '', 'y');
    expect(text).toBe(crlf('Content-Type: message/rfc822', '', 'Subject: =?utf-8?q?=C3=BC?=', 'X-Note: x', '', 'y'));
  });

  test('a label and a header that change together are both right', () => {
    const { text } = safe('Content-Type: text/plain; name="\xfc"', 'Content-Transfer-Encoding: 8bit', '', '\xfc');
    expect(text).toBe(crlf("Content-Type: text/plain; name*=utf-8''%C3%BC", 'Content-Transfer-Encoding: quoted-printable', '', '=FC'));
  });

  test('a multipart that is not closed keeps its last part', () => {
    const { text } = safe('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b', '', '\xfc');
    expect(decodeLeaves(octets(text)).map(({ content }) => content.toString('latin1'))).toEqual(['x', '\xfc\r\n']);
  });

  describe('what is already signed', () => {
    const signed = (...part: string[]) =>
      safe('Content-Type: multipart/signed; boundary=b', '', '--b', ...part, '--b', 'Content-Type: x/y', '', 'z ', '--b--');

    test('stays as it is where it can be sent, whatever a relay might do to it; its signature is like any other part', () => {
      const part = [
        'Content-Type: multipart/mixed; boundary=c',
        'Content-Transfer-Encoding: 8bit',
        '',
        '--c ',
        '',
        '.x ',
        'From y',
        '--c--',
      ];
      const { text, changes } = signed(...part);
      expect(text).toContain(crlf('--b', ...part, '--b'));
      expect(changes).toEqual(['part-to-base64 1.2']);
    });

    test('is changed where it must be, and that is recorded', () => {
      expect(signed('', '\xfc').changes).toEqual(['part-to-quoted-printable 1.1', 'signed-part-altered 1.1', 'part-to-base64 1.2']);
      expect(signed('', 'x'.repeat(999)).changes).toContain('signed-part-altered 1.1');
    });
  });
});
