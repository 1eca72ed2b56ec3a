import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../src/message/edits.js';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { hideLegacyDisplay } from '../../../src/smime/header-protection/hide-legacy-display.js';
import { decodeLeaves } from '../../message/leaf-decoder.js';
import { compose, WITH_DISPLAY } from './kit.js';

/** RFC 9788 Appendix E. */
const DINNER = (type: string) => `Date: Fri, 21 Jan 2022 20:40:48 -0500
From: Alice <alice@example.net>
To: Bob <bob@example.net>
Subject: Dinner plans
Message-ID: <${type}-legacy-display@lhp.example>
MIME-Version: 1.0
Content-Type: text/${type}; charset="us-ascii"
`;
const TEXT = "\nLet's meet at Rama's Roti Shop at 8pm and go to the park\nfrom there.\n";
const HTML = `
<html><head><title></title></head><body>
<p>
Let's meet at Rama's Roti Shop at 8pm and go to the park
from there.
</p>
</body>
</html>
`;

describe('the examples of RFC 9788', () => {
  it('text/plain (E.1)', () => {
    const { header, body } = compose(DINNER('plain') + TEXT, WITH_DISPLAY);
    expect(header.replaceAll('\n ', ' ')).toContain('Content-Type: text/plain; hp="cipher"; hp-legacy-display="1"; charset="us-ascii"\n');
    expect(body).toBe(`Subject: Dinner plans\n${TEXT}`);
  });

  it('text/html (E.2)', () => {
    const { body } = compose(DINNER('html') + HTML, WITH_DISPLAY);
    expect(body).toContain(`<html><head><title></title></head><body>
<div class="header-protection-legacy-display">
<pre>Subject: Dinner plans</pre>
</div>
<p>
`);
  });
});

describe('where a legacy display goes', () => {
  const mail = (type: string, body: string, header = 'Subject: secret') =>
    `From: a@example.com\nTo: b@example.net\n${header}\nContent-Type: ${type}\n\n${body}`;
  const multipart = (kind: string, ...parts: string[]) =>
    mail(`multipart/${kind}; boundary=b`, `${parts.map((part) => `--b\n${part}\n`).join('')}--b--\n`);
  const displays = (text: string) =>
    decodeLeaves(compose(text, WITH_DISPLAY).payload).map(({ content }) => content.includes('Subject: secret'));

  it.each<[string, string, boolean[]]>([
    ['both texts of an alternative', multipart('alternative', '\nplain', 'Content-Type: text/html\n\n<p>html'), [true, true]],
    ['the first part of a mixed', multipart('mixed', '\nplain', '\nsecond'), [true, false]],
    ['not an attachment that comes first', multipart('mixed', 'Content-Disposition: attachment\n\nnotes', '\nsecond'), [false, false]],
    ['not a text with a file name', multipart('mixed', 'Content-Type: text/plain; name=a.txt\n\nnotes'), [false]],
    ['not an attached message', multipart('mixed', 'Content-Type: message/rfc822\n\nSubject: x\n\ntext'), [false]],
    ['not what somebody else signed', multipart('mixed', 'Content-Type: multipart/signed; boundary=c\n\n--c\n\ntext\n--c--'), [false]],
    [
      'the root of a related',
      multipart('related; type="text/html"', 'Content-Type: text/html\n\n<p>html', 'Content-Type: image/png\n\nx'),
      [true, false],
    ],
    ['no part of a related whose root is another', multipart('related; start="<r>"', '\nx', 'Content-ID: <r>\n\nroot'), [false, false]],
    ['no other type', mail('text/calendar', 'BEGIN:VCALENDAR\n'), [false]],
  ])('%s', (_what, text, expected) => {
    expect(displays(text)).toEqual(expected);
  });

  it('is put in nowhere when nothing that people look at is hidden, or nothing is encrypted', () => {
    expect(displays(mail('text/plain', 'x', 'Keywords: secret'))).toEqual([false]);
    expect(compose(mail('text/plain', 'x'), { ...WITH_DISPLAY, confidentiality: 'none' }).payload.includes('hp-legacy')).toBe(false);
    expect(compose(mail('text/plain', 'x'), { hp: 'clear' }).payload.includes('hp-legacy')).toBe(false);
  });

  it('shows under shy what is hidden there', () => {
    const { body } = compose('From: Alice <a@example.com>\nTo: Bob <b@example.net>\nDate: Wed, 25 Nov 2026 10:00:00 +0000\n\nx', {
      ...WITH_DISPLAY,
      confidentiality: 'shy',
    });
    expect(body).toBe('From: Alice <a@example.com>\nTo: Bob <b@example.net>\n\nx');
  });

  it('records what was done', () => {
    const { changes } = compose(multipart('alternative', '\nplain', 'Content-Type: text/html; charset=x-unknown\n\n<p>html'), WITH_DISPLAY);
    expect(changes).toEqual(expect.arrayContaining(['legacy-display-added 1.1', 'legacy-display-left-out 1.2']));
  });
});

describe('a legacy display in the part’s own encoding', () => {
  const GREETING = 'Grüße für Łódź';
  const WORDS = `=?utf-8?b?${Buffer.from(GREETING).toString('base64')}?=`;
  interface Case {
    readonly charset?: string;
    readonly encoding?: string;
    readonly subject?: string;
    readonly content: Buffer;
  }
  function run({ charset, encoding, subject = WORDS, content }: Case, type = 'text/plain') {
    const label = `Content-Type: ${type}${charset === undefined ? '' : `; charset=${charset}`}`;
    const header = `From: a@example.com\nSubject: ${subject}\n${label}\n${encoding === undefined ? '' : `Content-Transfer-Encoding: ${encoding}\n`}`;
    const { payload } = compose(Buffer.concat([Buffer.from(`${header}\n`.replaceAll('\n', '\r\n')), content]), WITH_DISPLAY);
    const [leaf] = decodeLeaves(payload);
    const node = parseMimeTree(payload);
    return { content: leaf?.content ?? Buffer.alloc(0), node, payload };
  }

  it.each<[string, Case, string]>([
    ['8bit UTF-8', { charset: 'utf-8', encoding: '8bit', content: Buffer.from('schön\r\n') }, 'schön\r\n'],
    ['7bit US-ASCII, which becomes UTF-8', { charset: 'us-ascii', encoding: '7bit', content: Buffer.from('plain\r\n') }, 'plain\r\n'],
    ['no label at all', { content: Buffer.from('plain\r\n') }, 'plain\r\n'],
    [
      'quoted-printable',
      { charset: 'utf-8', encoding: 'quoted-printable', content: Buffer.from('sch=C3=B6n=\r\n er\r\n') },
      'schön er\r\n',
    ],
    ['base64', { charset: 'utf-8', encoding: 'base64', content: Buffer.from(`${Buffer.from('schön').toString('base64')}\r\n`) }, 'schön'],
    ['a byte order mark', { charset: 'utf-8', encoding: '8bit', content: Buffer.from('\ufeffschön\r\n') }, '\ufeff!schön\r\n'],
  ])('%s', (_what, options, rest) => {
    const { content, node } = run(options);
    const charset = node.parameters.get('charset');
    expect(charset).toBe('utf-8');
    const expected = rest.includes('!') ? rest.replace('!', `Subject: ${GREETING}\r\n\r\n`) : `Subject: ${GREETING}\r\n\r\n${rest}`;
    expect(content.toString()).toBe(expected);
  });

  it.each([
    ['iso-8859-1', 'Gr\xfc\xdfe', 'sch\xf6n'],
    ['windows-1252', 'Gr\xfc\xdfe', 'sch\xf6n'],
    ['iso-8859-2', '\xa3\xf3d\xbc', '\xb6'],
  ])('%s', (charset, subject, text) => {
    const decoded = new TextDecoder(charset).decode(Buffer.from(subject, 'latin1'));
    const { content } = run({
      charset,
      encoding: '8bit',
      subject: `=?utf-8?b?${Buffer.from(decoded).toString('base64')}?=`,
      content: Buffer.from(`${text}\r\n`, 'latin1'),
    });
    expect(content.toString('latin1')).toBe(`Subject: ${subject}\r\n\r\n${text}\r\n`);
  });

  it('windows-1252 between 128 and 159', () => {
    const { content } = run({ charset: 'windows-1252', encoding: '8bit', subject: '=?utf-8?q?=E2=82=AC_5?=', content: Buffer.from('x') });
    expect(content.toString('latin1')).toBe('Subject: \x80 5\r\n\r\nx');
  });

  it.each<[string, Case]>([
    ['a charset without these characters', { charset: 'iso-8859-1', encoding: '8bit', content: Buffer.from('x') }],
    ['a charset in which ASCII may be part of other characters', { charset: 'iso-2022-jp', content: Buffer.from('x') }],
    ['a charset of two octets a character', { charset: 'utf-16le', encoding: 'base64', subject: 'plain', content: Buffer.from('eAA=') }],
    ['an unknown transfer encoding', { charset: 'utf-8', encoding: 'x-uuencode', content: Buffer.from('begin') }],
    ['base64 that is none', { charset: 'utf-8', encoding: 'base64', content: Buffer.from('eA==eA==') }],
    ['text that is not what its label says', { charset: 'utf-8', encoding: '8bit', content: Buffer.from([0xff, 0x0d, 0x0a]) }],
    ['8-bit text labelled US-ASCII', { charset: 'us-ascii', encoding: '8bit', content: Buffer.from('\xfc', 'latin1') }],
  ])('is left out for %s', (_what, options) => {
    const { payload, node } = run(options);
    expect(node.parameters.has('hp-legacy-display')).toBe(false);
    expect(payload.subarray(node.bodyStart, node.end).includes('Subject')).toBe(false);
    expect(node.parameters.get('hp')).toBe('cipher');
  });

  it('writes a line too long to be sent in quoted-printable', () => {
    const { content, payload } = run({ charset: 'us-ascii', encoding: '7bit', subject: 'x'.repeat(990), content: Buffer.from('text\r\n') });
    expect(content.toString()).toContain(`Subject: ${'x'.repeat(990)}\r\n\r\ntext`);
    expect(
      Math.max(
        ...payload
          .toString('latin1')
          .split('\r\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(998);
  });

  it('escapes what HTML would read', () => {
    const { content } = run({ charset: 'utf-8', subject: '</pre></div><script>1 & 2', content: Buffer.from('<body>x') }, 'text/html');
    expect(content.toString()).toContain('<pre>Subject: &lt;/pre&gt;&lt;/div&gt;&lt;script&gt;1 &amp; 2</pre>');
  });

  it.each([
    ['<!doctype html><p>x', '<!doctype html>@<p>x'],
    ['just text', '@just text'],
    ['<!-- <body> --><title><body></title><BODY data-x="a>b">x', '<!-- <body> --><title><body></title><BODY data-x="a>b">@x'],
    ['<head></head>x', '<head></head>@x'],
    [
      '<html><head><style>a{}</style></head><!--[if mso]><body><![endif]--><body>x',
      '<html><head><style>a{}</style></head><!--[if mso]><body><![endif]--><body>@x',
    ],
  ])('goes where the content of HTML begins: %s', (html, expected) => {
    const { content } = run({ charset: 'utf-8', subject: 's', content: Buffer.from(html) }, 'text/html');
    expect(content.toString().replace(/\r\n<div class="header-protection-legacy-display">[\s\S]*<\/div>/, '@')).toBe(expected);
  });

  it.each(['<html><p>x', '<head><title>x</title><p>y', '<html '])(
    'is left out of HTML whose content begins nobody knows where: %s',
    (html) => {
      expect(run({ charset: 'utf-8', subject: 's', content: Buffer.from(html) }, 'text/html').content.toString()).toBe(html);
    },
  );

  it('comes out again as it went in', () => {
    const cases: [Case, string][] = [
      [{ charset: 'utf-8', encoding: '8bit', content: Buffer.from('schön\r\n\r\nx\r\n') }, 'text/plain'],
      [{ charset: 'utf-8', encoding: 'quoted-printable', content: Buffer.from('a =\r\nb=0D=0A=20\r\n') }, 'text/plain'],
      [{ charset: 'utf-8', encoding: 'base64', content: Buffer.from('YWJj\r\n') }, 'text/plain'],
      [{ charset: 'utf-8', encoding: '8bit', content: Buffer.from('\ufeffx\r\n') }, 'text/plain'],
      [{ charset: 'utf-8', encoding: '8bit', content: Buffer.from('<body class=x><div>y</div>') }, 'text/html'],
      [{ charset: 'utf-8', encoding: 'quoted-printable', content: Buffer.from('<body class=3Dx><div>y</div>') }, 'text/html'],
    ];
    for (const [options, type] of cases) {
      const { payload, node } = run(options, type);
      expect(node.parameters.get('hp-legacy-display')).toBe('1');
      const hidden = applyEdits(payload, hideLegacyDisplay(payload, node), 0);
      const after = parseMimeTree(hidden);
      expect(hidden.subarray(after.bodyStart, after.end).toString()).toBe(options.content.toString());
    }
  });
});
