import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { type Opened, openMessage } from '../../../src/smime/open.js';
import { ctx, int, octets, oid, seq } from '../read/der-kit.js';
import { crlf, Kit, type Party } from '../read/kit.js';
import { refusal } from '../writing-kit.js';
import { valuesNamed } from './kit.js';

let kit: Kit;
let alice: Party;
let mallory: Party;
let bob: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@example.com');
  mallory = kit.user('mallory@example.org');
  bob = kit.user('bob@example.net');
});
afterAll(() => kit.dispose());

function open(message: Buffer): Opened {
  return openMessage(message, { decryption: [bob], trustAnchors: [kit.root.certificate], now: new Date() });
}

const FROM_ALICE = 'From: Alice <alice@example.com>';
const FROM_MALLORY = 'From: Mallory <mallory@example.org>';
const HP = 'Content-Type: text/plain; hp="cipher"';

interface Letter {
  /** Lines of the header around. */
  readonly outside?: readonly string[];
  /** Lines of the payload's header section. */
  readonly inside?: readonly string[];
  readonly body?: string;
  readonly signer?: Party | null;
  readonly encrypted?: boolean;
}

function letter({
  outside = [FROM_ALICE, 'Subject: [...]'],
  inside = [],
  body = 'text',
  signer = alice,
  encrypted = true,
}: Letter): Buffer {
  const payload = Buffer.from(`${inside.join('\r\n')}\r\n\r\n${body}\r\n`);
  const signed = signer === null ? payload : kit.sign(payload, signer, '-nodetach');
  const entity = encrypted ? kit.encrypt(signed, [[bob.certFile]], '-aes-256-gcm') : signed;
  return Buffer.concat([crlf(Buffer.from(`${outside.join('\n')}\n`)), entity]);
}
const shown = ({ message }: Opened, name: string) => valuesNamed(parseMimeTree(message).fields, name);

describe('hp where it means nothing', () => {
  it('in a message that is neither signed nor encrypted', () => {
    const message = crlf(
      Buffer.from(
        `${FROM_ALICE}\nSubject: outer\nContent-Type: multipart/mixed; boundary=b; hp=clear\n\n--b\n${HP}\nSubject: inner\n\nx\n--b--\n`,
      ),
    );
    const opened = open(message);
    expect([opened.header, opened.ok]).toEqual([undefined, false]);
    expect(opened.message).toEqual(message);
  });

  it('in a part of a signed message', () => {
    const opened = open(
      letter({ inside: ['Content-Type: multipart/mixed; boundary=b'], body: `--b\r\n${HP}\r\nSubject: inner\r\n\r\nx\r\n--b--` }),
    );
    expect(opened.header).toBeUndefined();
    expect(shown(opened, 'Subject')).toEqual(['[...]']);
  });

  it('in an unprotected part beside a signed one, and in the second part of a multipart/signed', () => {
    const signed = kit.sign(crlf(Buffer.from('Content-Type: text/plain\n\nsigned\n')), alice).toString('latin1');
    const forged = signed.replace(/(\r\n--\S+\r\n)(Content-Type: application\/pkcs7-signature;)/, `$1Subject: forged\r\n$2 hp=clear;`);
    expect(forged).not.toBe(signed);
    const opened = open(Buffer.from(`${FROM_ALICE}\r\nSubject: real\r\n${forged}`, 'latin1'));
    expect(opened.header).toBeUndefined();
    expect(shown(opened, 'Subject')).toEqual(['real']);
  });

  it('on the layer itself', () => {
    for (const body of ['--x--\r\n', '']) {
      const head = `${FROM_ALICE}\r\nSubject: outer\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x; hp=clear\r\n\r\n`;
      expect(open(Buffer.from(head + body)).header).toBeUndefined();
    }
    const relabelled = letter({ inside: ['Content-Type: text/plain'] })
      .toString('latin1')
      .replace('smime-type=', 'hp=clear; smime-type=');
    expect(relabelled).toContain('hp=clear');
    expect(open(Buffer.from(relabelled, 'latin1')).header).toBeUndefined();
  });

  it('after lines that are no fields, in a text that somebody signed', () => {
    for (const first of ['Dear Bob,', '', ' ', 'From mbox']) {
      const opened = open(letter({ inside: [first, FROM_MALLORY, 'Subject: inner', HP], signer: alice }));
      expect(opened.header).toBeUndefined();
      expect(shown(opened, 'From')).toEqual(['Alice <alice@example.com>']);
    }
  });

  it('with a value nobody knows', () => {
    expect(open(letter({ inside: [FROM_ALICE, 'Content-Type: text/plain; hp=maybe'] })).header).toBeUndefined();
  });

  it('when the content is only compressed', () => {
    const info = seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets(deflateSync(`${FROM_ALICE}\r\nSubject: inner\r\n${HP}\r\n\r\nx\r\n`))));
    const data = seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), info);
    const cms = seq(oid('1.2.840.113549.1.9.16.1.9'), ctx(0, data));
    const head = `${FROM_ALICE}\r\nSubject: outer\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
    const opened = open(Buffer.from(`${head}${cms.toString('base64')}\r\n`));
    expect(opened.layers.map(({ kind }) => kind)).toEqual(['compressed']);
    expect(opened.header).toBeUndefined();
  });
});

describe('From', () => {
  it('of another inside than outside makes no message good, although its signer is the one inside', () => {
    const opened = open(letter({ outside: [FROM_ALICE, 'Subject: [...]'], inside: [FROM_MALLORY, 'Subject: s', HP], signer: mallory }));
    expect(opened.ok).toBe(false);
    expect(opened.layers.at(-1)).toMatchObject({ kind: 'signed', verdict: 'untrusted' });
    expect(opened.layers.at(-1)?.signers[0]).toMatchObject({ verdict: 'untrusted' });
    expect(opened.layers.at(-1)?.signers[0]).not.toHaveProperty('announced');
    expect(opened.header?.faults).toEqual([expect.stringContaining('mallory@example.org')]);
    // RFC 9788 §4.4.3: what a signature proves is shown.
    expect(shown(opened, 'From')).toEqual(['Mallory <mallory@example.org>']);
  });

  it.each([
    ['not signed by anybody', null],
    ['signed by somebody else', 'mallory'],
  ])('inside, %s, is not shown where it differs', (_what, signer) => {
    const opened = open(
      letter({
        outside: [FROM_MALLORY, 'Subject: [...]'],
        inside: [FROM_ALICE, 'Subject: s', HP],
        signer: signer === null ? null : mallory,
      }),
    );
    expect(opened.ok).toBe(false);
    expect(shown(opened, 'From')).toEqual(['Mallory <mallory@example.org>']);
    expect(new Set(opened.header?.fields.map(({ protection }) => protection))).not.toContain('signed-only');
  });

  it('that is the same but signed by somebody else is untrusted, as without header protection', () => {
    const opened = open(letter({ inside: [FROM_ALICE, 'Subject: s', HP], signer: mallory }));
    expect([opened.ok, opened.layers.at(-1)?.verdict]).toEqual([false, 'untrusted']);
    expect(opened.header?.notes).toEqual([expect.stringContaining('no valid signature')]);
  });

  it('may differ in name, and in the case and form of its domain', () => {
    const opened = open(letter({ outside: ['From: alice@EXAMPLE.com', 'Subject: [...]'], inside: [FROM_ALICE, 'Subject: s', HP] }));
    expect([opened.ok, shown(opened, 'From')]).toEqual([true, ['Alice <alice@example.com>']]);
  });

  it.each([
    ['twice inside', [FROM_ALICE, FROM_MALLORY]],
    ['unreadable inside', ['From: alice@example.com, @@']],
    ['with somebody else beside', ['From: alice@example.com, mallory@example.org', 'Sender: alice@example.com']],
  ])('%s makes no message good', (_what, from) => {
    const opened = open(letter({ inside: [...from, 'Subject: s', HP] }));
    expect(opened.ok).toBe(false);
    expect(shown(opened, 'From')).toHaveLength(1);
  });

  it('that is missing inside is the outer one, and not protected', () => {
    const opened = open(letter({ inside: ['Subject: s', HP] }));
    expect(opened.header?.unprotected).toEqual(['From']);
    expect(shown(opened, 'From')).toEqual(['Alice <alice@example.com>']);
  });

  it('twice outside makes no message good', () => {
    expect(open(letter({ outside: [FROM_ALICE, FROM_MALLORY, 'Subject: [...]'], inside: [FROM_ALICE, 'Subject: s', HP] })).ok).toBe(false);
  });
});

describe('a hostile protected header', () => {
  it('with two Subjects is not good, and shows one', () => {
    const opened = open(letter({ inside: [FROM_ALICE, 'Subject: one', 'subject: two', HP] }));
    expect(opened.ok).toBe(false);
    expect(opened.header?.faults).toEqual(['the protected header has more than one Subject field']);
    expect(shown(opened, 'Subject')).toEqual(['one']);
  });

  it.each(['Subject: x\rFrom: ceo@example.com', 'Subject: x\0y'])('with a bare CR or a NUL is refused: %j', (field) => {
    expect(refusal(() => open(letter({ inside: [FROM_ALICE, field, HP] }))).code).toBe('ambiguous-header');
  });

  it('cannot bring Content-Type twice', () => {
    expect(refusal(() => open(letter({ inside: [FROM_ALICE, HP, 'Content-Type: text/html'] }))).code).toBe('ambiguous-header');
  });

  it('does not get HP-Outer or structural fields into what is shown', () => {
    const opened = open(
      letter({
        inside: [FROM_ALICE, 'Subject: s', 'HP-Outer: Subject: [...]', 'HP-Outer: Content-Type: text/html', 'HP-Outer: nonsense', HP],
      }),
    );
    expect(opened.header?.outer).toEqual([{ name: 'Subject', value: '[...]' }]);
    expect(opened.message.toString()).not.toMatch(/hp-outer|hp=|text\/html/i);
  });

  it('has no HP-Outer from the outside, nor beside hp=clear', () => {
    const outside = [FROM_ALICE, 'Subject: s', 'HP-Outer: Subject: s'];
    const cipher = open(letter({ outside, inside: [FROM_ALICE, 'Subject: s', HP] }));
    expect(cipher.header?.outer).toEqual([]);
    expect(cipher.header?.fields.at(-1)).toMatchObject({ name: 'Subject', protection: 'signed-and-encrypted' });
    const clear = open(
      letter({ inside: [FROM_ALICE, 'Subject: s', 'HP-Outer: Subject: x', 'Content-Type: text/plain; hp=clear'], encrypted: false }),
    );
    expect(clear.header?.outer).toEqual([]);
  });
});

describe('hp-legacy-display', () => {
  const inside = (type: string) => [FROM_ALICE, 'Subject: s', type];
  const bodyOf = ({ message }: Opened) => message.toString('utf8', message.indexOf('\r\n\r\n') + 4);

  it.each([
    ['without hp', 'Content-Type: text/plain; hp-legacy-display=1', true],
    ['beside hp=clear', 'Content-Type: text/plain; hp=clear; hp-legacy-display=1', false],
    ['with another value', 'Content-Type: text/plain; hp=cipher; hp-legacy-display=2', true],
  ])('%s hides nothing', (_what, type, encrypted) => {
    expect(bodyOf(open(letter({ inside: inside(type), body: 'Subject: s\r\n\r\ntext', encrypted })))).toBe('Subject: s\r\n\r\ntext\r\n');
  });

  it('is not believed of text that has none, or that has no end', () => {
    const type = 'Content-Type: text/plain; hp=cipher; hp-legacy-display=1';
    expect(bodyOf(open(letter({ inside: inside(type), body: 'all in one line' })))).toBe('all in one line\r\n');
    const html = 'Content-Type: text/html; hp=cipher; hp-legacy-display=1';
    for (const body of [
      '<p>x</p>',
      '<body><p>a<div class="header-protection-legacy-display">b</div>',
      '<body><div class="header-protection-legacy-display">x',
    ]) {
      expect(bodyOf(open(letter({ inside: inside(html), body })))).toBe(`${body}\r\n`);
    }
  });

  it('on an attachment hides nothing', () => {
    const part = (more: string) => `--b\r\nContent-Type: text/plain; hp-legacy-display=1\r\n${more}\r\nfirst\r\n\r\nsecond\r\n`;
    const body = `${part('Content-Disposition: attachment\r\n')}${part('')}--b--`;
    const opened = open(letter({ inside: inside('Content-Type: multipart/mixed; boundary=b; hp=cipher'), body }));
    expect(bodyOf(opened)).toBe(`${body}\r\n`);
  });

  it('leaves text that begins with an empty line as long as it is', () => {
    const type = 'Content-Type: text/plain; hp=cipher; hp-legacy-display=1';
    expect(bodyOf(open(letter({ inside: inside(type), body: '\r\nall\r\n\r\nrest' })))).toBe('all\r\n\r\nrest\r\n');
  });
});

describe('a protected header of very many fields', () => {
  it('is judged in bounded time', () => {
    const many = Array.from({ length: 15_000 }, (_, index) => `X-${index}: ${index}`);
    const outer = many.map((field) => `HP-Outer: ${field}`);
    const same = Array.from({ length: 5000 }, () => ['X-Same: a', 'HP-Outer: X-Same: b']).flat();
    const message = letter({ outside: [FROM_ALICE, 'Subject: [...]', ...many], inside: [FROM_ALICE, ...many, ...outer, ...same, HP] });
    const start = performance.now();
    const { header } = open(message);
    expect(performance.now() - start).toBeLessThan(4000);
    expect(header?.altered).toEqual(['From', 'X-Same']);
  });
});
