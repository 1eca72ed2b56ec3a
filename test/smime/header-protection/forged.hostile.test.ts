import { describe, expect, it } from 'vitest';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { refusal } from '../writing-kit.js';
import { CLEAR, compose, valuesNamed, WITH_DISPLAY } from './kit.js';

const mail = (type: string, more = '') => `From: a@example.com\nTo: b@example.net\nSubject: secret\n${more}${type}\n\nfirst\n\nsecond\n`;
const rootOf = (payload: Buffer) => parseMimeTree(payload);

describe('what a submitter says of header protection', () => {
  it.each([
    'Content-Type: text/plain; hp=clear; charset=utf-8',
    'Content-Type: text/plain; hp="cipher"; hp="clear"; charset=utf-8',
    "Content-Type: text/plain; HP*=us-ascii''clear; charset=utf-8",
    'Content-Type: text/plain; hp*0=cle; hp*1=ar; charset=utf-8',
    'Content-Type: text/plain; charset=utf-8; hp-legacy-display=1',
    'Content-Type: text/plain; charset=utf-8;\n hp-legacy-display="1";\n\thp=clear',
    'Content-Type: text/plain; charset=utf-8; x y z; hp=clear',
    'Content-Type: text/plain; charset=utf-8; ((a)b)hp=clear',
  ])('is taken out before it is sealed: %j', (type) => {
    const { header, changes } = compose(mail(type));
    const [written] = valuesNamed(rootOf(Buffer.from(header)).fields, 'Content-Type');
    expect(written?.match(/hp[^;]*/gi)).toEqual(['hp="cipher"']);
    expect(rootOf(Buffer.from(header)).parameters.get('charset')).toBe('utf-8');
    expect(changes).toContain('hp-parameters-removed 1');
  });

  it.each([
    ['a file name', 'Content-Type: application/pdf; name="hp=clear.pdf"', 'application/pdf', 'hp=clear.pdf'],
    ['a media type', 'Content-Type: application/x-php; name=x.php', 'application/x-php', 'x.php'],
  ])('is not found in %s', (_what, type, mediaType, name) => {
    const root = rootOf(compose(mail(type)).payload);
    expect([root.mediaType, root.parameters.get('name'), root.parameters.get('hp')]).toEqual([mediaType, name, 'cipher']);
  });

  it.each(['Content-Type: text', 'Content-Type: ;hp=clear', 'Content-Type: "text/plain"; hp=clear'])(
    'does not keep the root from being marked: %s',
    (type) => {
      const root = rootOf(compose(mail(type)).payload);
      expect([root.mediaType, root.parameters.get('hp')]).toEqual(['text/plain', 'cipher']);
    },
  );

  it.each(['HP-Outer: Subject: secret', 'hp-outer: From: ceo@example.com'])('%s stands nowhere', (field) => {
    const { outside, header, changes } = compose(mail('Content-Type: text/plain', `${field}\n`));
    expect(outside).not.toMatch(/hp-outer/i);
    expect(header).not.toContain('HP-Outer: Subject: secret');
    expect(header).not.toContain('ceo@');
    expect(changes).toContain('hp-outer-removed');
  });

  it('on a part is taken out too, but not from attached messages and what others signed', () => {
    const part = (type: string) => `--b\nContent-Type: ${type}; hp-legacy-display=1; hp=clear\n`;
    const text = mail('Content-Type: multipart/mixed; boundary=b').replace(
      /first[\s\S]*/,
      `${part('text/plain')}\nx\n${part('text/html')}\ny\n${part('message/rfc822')}\nContent-Type: text/plain; hp=clear\n\nz\n--b--\n`,
    );
    for (const form of [CLEAR, WITH_DISPLAY]) {
      const { payload, changes } = compose(text, form);
      const [plain, html, attached] = rootOf(payload).children;
      expect(plain?.parameters.get('hp')).toBeUndefined();
      expect(plain?.parameters.get('hp-legacy-display')).toBe(form === CLEAR ? undefined : '1');
      expect([html, attached].map((node) => node?.parameters.has('hp-legacy-display'))).toEqual([false, false]);
      expect(attached?.children[0]?.parameters.get('hp')).toBe('clear');
      expect(changes).toEqual(expect.arrayContaining(['hp-parameters-removed 1.2', 'hp-parameters-removed 1.3']));
    }
  });
});

describe('what stands in a Subject', () => {
  const body = (subject: string) => compose(`From: a@example.com\nSubject: ${subject}\n\ntext\n`, WITH_DISPLAY);

  it.each(['=?utf-8?q?a=0D=0A=0D=0Ab?=', '=?utf-8?q?a=0AFrom:_ceo@example.com?=', '=?utf-8?b?YQ0KDQpi?=', '=?utf-8?q?a=E2=80=A8b?='])(
    'cannot end the legacy display or add lines to it: %s',
    (subject) => {
      const node = rootOf(body(subject).payload);
      const text = body(subject).payload.toString('utf8', node.bodyStart);
      expect(text).toMatch(/^Subject: a [^\r\n]*\r\n\r\ntext\r\n$/);
    },
  );

  it('cannot become another field of the payload', () => {
    const { payload } = body('a\n b: c\n  HP-Outer: From: x@example.com');
    expect(valuesNamed(rootOf(payload).fields, 'HP-Outer')).not.toContain('From: x@example.com');
    expect(valuesNamed(rootOf(payload).fields, 'Subject')).toEqual(['a b: c  HP-Outer: From: x@example.com']);
  });
});

describe('a Content-Type that only mentions hp', () => {
  it.each(['Content-Type: application/pdf; name="my hp, 2 pages.pdf"', 'Content-Type: text/x-hp; charset=utf-8'])(
    'stays as written: %s',
    (type) => {
      const { header, changes } = compose(mail(type));
      expect(header.replace('\n hp="cipher";', '').replace(';\n hp="cipher"', '')).toContain(type);
      expect(changes).not.toContain('hp-parameters-removed 1');
    },
  );

  it('with a quoted pair, which readers split differently, is written anew', () => {
    const { header, changes } = compose(mail('Content-Type: text/plain; name="a\\"; hp=clear; b="; charset=utf-8'));
    expect(changes).toContain('hp-parameters-removed 1');
    expect(rootOf(Buffer.from(header)).parameters.get('hp')).toBe('cipher');
  });
});

describe('time', () => {
  const within = (ms: number, act: () => unknown) => {
    const start = performance.now();
    act();
    expect(performance.now() - start).toBeLessThan(ms);
  };

  it.each([
    ['unclosed tags', '<a "'.repeat(200_000)],
    ['unclosed comments', '<!--'.repeat(200_000)],
    ['scripts', '<script>'.repeat(100_000)],
    ['blanks', `<body${' '.repeat(800_000)}`],
  ])('does not grow with %s in HTML', (_what, html) => {
    const text = mail('Content-Type: text/html').replace(/first[\s\S]*/, html);
    within(1500, () => compose(text, WITH_DISPLAY));
  });

  it('does not grow with thousands of alternatives, or of fields', () => {
    const parts = `--b\nContent-Type: text/html\n\n${'<a "'.repeat(100)}\n`.repeat(5000);
    within(3000, () =>
      compose(mail('Content-Type: multipart/alternative; boundary=b').replace(/first[\s\S]*/, `${parts}--b--\n`), WITH_DISPLAY),
    );
    const fields = Array.from({ length: 15_000 }, (_, index) => `X-${index}: ${index}\n`).join('');
    within(3000, () => compose(mail('Content-Type: text/plain', fields), WITH_DISPLAY));
    expect(refusal(() => compose(mail('Content-Type: text/plain', fields.repeat(2)))).code).toBe('message-too-complex');
  });
});
