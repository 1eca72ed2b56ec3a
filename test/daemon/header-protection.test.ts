import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { Sealer } from '../../src/daemon/worker/sealer.js';
import { KeyDirectory } from '../../src/keys/key-directory.js';
import { decodeOctets, rawValue } from '../../src/message/field.js';
import { parseMimeTree } from '../../src/message/mime-tree.js';
import { joined } from '../../src/message/octets.js';
import { newMessageId } from '../../src/message-id.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { sealdrop, startDaemon } from '../kit/daemon.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { openssl } from '../kit/openssl-cli.js';
import type { Site } from '../kit/site.js';
import { makeTemp } from '../kit/temp.js';
import { decodeLeaves } from '../message/leaf-decoder.js';
import { bob, expectWholeTrail, newSite, pki } from './site.js';

const carol = pki.issue({ address: 'carol@example.net' });
const dave = 'dave@example.org';
const NOW = new Date();

/** A site whose mail has its header protected, but for `rules`. */
function siteWith(protect: string, rules = ''): Site {
  const site = newSite(`protect: { headerProtection: on, ${protect} }\n${rules}`, 'debug');
  writeRecipient(site.keys, carol);
  return site;
}

interface Sealed {
  readonly to: readonly string[];
  readonly message: Buffer;
  readonly hidden: readonly string[];
}

function seal(site: Site, message: string | Buffer): { copies: Sealed[]; changes: readonly string[]; signatures: number } {
  const config = loadConfig(site.configFile, {});
  const sealer = new Sealer(config, new KeyDirectory(config.keys), []);
  const original = Buffer.isBuffer(message) ? message : Buffer.from(message.replace(/\r?\n/g, '\r\n'));
  const { copies, changes, signerInfos } = sealer.seal(original, newMessageId(NOW.getTime()), undefined, NOW);
  return {
    copies: copies.map(({ plan, hidden, sealed }) => ({ to: plan.recipients, message: withoutHead(joined(sealed)), hidden })),
    changes,
    signatures: signerInfos.length,
  };
}

/** A pickup file without its envelope lines. */
function withoutHead(file: Buffer): Buffer {
  return Buffer.from(file.toString('latin1').replace(/^(?:x-[a-z-]+: .*\r\n)+/, ''), 'latin1');
}

function open(message: Buffer): Opened {
  const decryption = [bob, carol].map(({ certificate, privateKeyPem }) => ({ certificate, privateKey: createPrivateKey(privateKeyPem) }));
  return openMessage(message, { decryption, trustAnchors: [pki.root.certificate], now: NOW });
}

function header(message: Buffer): [string, string][] {
  return parseMimeTree(message).fields.map((field) => [field.name, decodeOctets(rawValue(field))]);
}
const named = (message: Buffer, name: string) => header(message).flatMap(([each, value]) => (each === name ? [value] : []));

const MAIL = `From: Steve <steve@example.com>
To: Bob <bob@example.net>
Subject: Merger of Acme
Thread-Topic: Merger of Acme
Date: Wed, 25 Nov 2026 10:00:00 +0100
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8

The text.
`;

describe('a sealed message', () => {
  const forms: [string, string][] = [
    ['signed opaque and encrypted', ''],
    ['signed detached and encrypted', 'sign: detached'],
    ['signed, and encrypted with GCM', 'content: aes-256-gcm'],
    ['only encrypted', 'sign: none, content: aes-256-gcm'],
  ];
  it.each(forms)('%s, hides the Subject, and opens to what was submitted', (_form, protect) => {
    const site = siteWith(protect);
    const [copy] = seal(site, MAIL).copies;
    const message = copy?.message ?? Buffer.alloc(0);
    site.remove();
    expect(message.toString('latin1')).not.toMatch(/Merger|Acme|Thread-Topic/);
    expect(named(message, 'Subject')).toEqual(['[...]']);
    expect(copy?.hidden).toEqual(['Subject', 'Thread-Topic']);
    const opened = open(message);
    expect(opened.ok).toBe(true);
    expect(opened.header).toMatchObject({ hp: 'cipher', altered: [], unprotected: [], faults: [] });
    expect(opened.message.toString()).toBe(MAIL.replace('Content-Type', 'MIME-Version: 1.0\nContent-Type').replaceAll('\n', '\r\n'));
  });

  it.each([
    ['detached', 'sign: detached, encrypt: none'],
    ['opaque', 'sign: opaque, encrypt: none'],
  ])('only signed, %s, hides nothing and proves the header', (_form, protect) => {
    const site = siteWith(protect);
    const [copy] = seal(site, MAIL).copies;
    site.remove();
    const message = copy?.message ?? Buffer.alloc(0);
    expect(named(message, 'Subject')).toEqual(['Merger of Acme']);
    const opened = open(message);
    expect([opened.ok, opened.header?.hp]).toEqual([true, 'clear']);
    expect(new Set(opened.header?.fields.map(({ protection }) => protection))).toEqual(new Set(['signed-only']));
    const forged = open(Buffer.from(message.toString('latin1').replace('Subject: Merger', 'Subject: Murder'), 'latin1'));
    expect(forged.header?.altered).toEqual(['Subject']);
    expect(named(forged.message, 'Subject')).toEqual(['Merger of Acme']);
  });

  it('is signed once per form: copies that differ in their header are signed apart, others are not', () => {
    const rules = `rules:
  - { name: hidden more, when: { to: carol@example.net }, protect: { headerConfidentiality: shy } }
  - { name: clear, when: { to: ${dave} }, protect: { encrypt: none, sign: opaque } }
`;
    const site = siteWith('clearCopies: allow', rules);
    writeRecipient(site.keys, pki.issue({ address: 'erin@example.net' }));
    const { copies, signatures } = seal(site, MAIL.replace('To: Bob', `Cc: ${dave}\nBcc: carol@example.net, erin@example.net\nTo: Bob`));
    site.remove();
    expect(signatures).toBe(3);
    const messageFor = (address: string) => copies.find(({ to }) => to.includes(address))?.message ?? Buffer.alloc(0);
    const [forBob, forErin, forCarol, forDave] = ['bob@example.net', 'erin@example.net', 'carol@example.net', dave].map(messageFor);
    expect([forBob, forErin, forCarol, forDave].map((message) => message && named(message, 'From')[0])).toEqual([
      'Steve <steve@example.com>',
      'Steve <steve@example.com>',
      'steve@example.com',
      'Steve <steve@example.com>',
    ]);
    for (const message of [forBob, forCarol, forDave]) {
      const opened = open(message ?? Buffer.alloc(0));
      expect(opened.ok).toBe(true);
      expect(opened.header).toMatchObject({ altered: [], hp: message === forDave ? 'clear' : 'cipher' });
      expect(named(opened.message, 'Subject')).toEqual(['Merger of Acme']);
      expect(opened.message.toString()).not.toMatch(/carol|erin/);
    }
  });

  it('has by rule no protected header, and never one that the submitter claims', () => {
    const site = siteWith('', 'rules:\n  - { name: plain, when: {}, protect: { headerProtection: off } }\n');
    const claimed = MAIL.replace('charset=utf-8', 'hp=cipher; charset=utf-8').replace('Subject:', 'HP-Outer: Subject: x\nSubject:');
    const { copies, changes } = seal(site, claimed);
    site.remove();
    const message = copies[0]?.message ?? Buffer.alloc(0);
    expect(message.toString()).not.toMatch(/hp-outer/i);
    const opened = open(message);
    expect([opened.header, named(opened.message, 'Subject')]).toEqual([undefined, ['Merger of Acme']]);
    expect(changes).toEqual(expect.arrayContaining(['hp-outer-removed', 'hp-parameters-removed 1']));
  });

  it.each([
    ['opaque, encrypted', ''],
    ['detached, encrypted', ', sign: detached'],
    ['detached', ', encrypt: none'],
  ])('%s, gives back the same header fields, whatever they are', (_form, protect) => {
    const site = siteWith(`headerConfidential: [X-Hidden]${protect}`);
    const off = newSite('');
    const ofAuthor = (message: Buffer) => header(message).filter(([each]) => !/^(content-|mime-|message-id|date)/i.test(each));
    const text = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
      fc.string({ maxLength: 40 }),
      fc.constantFrom(
        'Grüße',
        '[...]',
        '=?utf-8?q?=C3=BC?=',
        '=?utf-8?q?a=0D=0A=0D=0Ab?=',
        'HP-Outer: From: x',
        'a\r\n b',
        'x'.repeat(900),
      ),
    );
    const value = text.map((each) => each.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim());
    const name = fc.constantFrom(
      'Subject',
      'Keywords',
      'Comments',
      'Reply-To',
      'X-Hidden',
      'X-Other',
      'Thread-Topic',
      'List-Id',
      'References',
    );
    const fields = fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 8 });
    const shape = fc.record({
      fields,
      type: fc.constantFrom('text/plain', 'text/html; charset=utf-8', 'text/plain; charset=iso-8859-1'),
    });
    fc.assert(
      fc.property(shape, ({ fields: given, type }) => {
        const lines = given.map(([each, written]) => `${each}: ${written}\r\n`).join('');
        const body = type.includes('html') ? '<body>\r\n<p>text</p>\r\n' : 'text\r\n\r\nmore\r\n';
        const original = Buffer.from(`From: steve@example.com\r\nTo: bob@example.net\r\n${lines}Content-Type: ${type}\r\n\r\n${body}`);
        const [copy] = seal(site, original).copies;
        const message = copy?.message ?? Buffer.alloc(0);
        const opened = open(message);
        expect(opened.ok).toBe(true);
        expect(opened.header).toMatchObject({ faults: [], altered: [], unprotected: [] });
        // The same message, sealed without header protection, has its header outside.
        const [plain] = seal(off, original).copies;
        expect(ofAuthor(opened.message)).toEqual(ofAuthor(plain?.message ?? Buffer.alloc(0)));
        expect(decodeLeaves(opened.message)[0]?.content.toString('latin1')).toBe(body);
      }),
      { numRuns: 60 },
    );
    off.remove();
    site.remove();
  });
});

describe('the daemon, with headerProtection: on', () => {
  const secret = 'subjectmarker9788';
  let site: Site;
  let log = '';
  beforeAll(async () => {
    site = siteWith('');
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    site.drop('mail.eml', MAIL.replaceAll('Merger of Acme', secret).replaceAll('\n', '\r\n'));
    await daemon.until('it to be picked up', () => site.pickedUp().length === 1);
    await daemon.terminate();
    log = daemon.stdout + daemon.stderr;
  });
  afterAll(() => site.remove());
  const picked = () => [...site.sealed()][0] ?? ['', Buffer.alloc(0)];

  test('puts no word of the Subject into pickup, staging or the log', () => {
    const [name, bytes] = picked();
    expect(named(withoutHead(bytes), 'Subject')).toEqual(['[...]']);
    expect(`${name}${bytes.toString('latin1')}${log}`).not.toContain(secret);
    expect(readdirSync(site.staging).join()).not.toContain(secret);
  });

  test('records neither Subject nor anything else of the header in the chain', () => {
    const audit = join(site.spool, 'audit');
    for (const name of readdirSync(audit).filter((each) => each.endsWith('.jsonl'))) {
      expect(readFileSync(join(audit, name), 'latin1')).not.toContain(secret);
    }
    expectWholeTrail(site);
  });

  test('is read by openssl: the real Subject stands in the payload, and before its text', () => {
    const { certificate, privateKey } = bob.files;
    const signed = openssl(['cms', '-decrypt', '-binary', '-recip', certificate, '-inkey', privateKey], withoutHead(picked()[1]));
    const payload = openssl(['cms', '-verify', '-binary', '-CAfile', pki.root.files.certificate], signed).toString();
    expect(payload).toMatch(new RegExp(`^Subject: ${secret}\r$`, 'm'));
    expect(payload).toMatch(/^HP-Outer: Subject: \[\.\.\.\]\r$/m);
    expect(payload).toContain(`\r\n\r\nSubject: ${secret}\r\n\r\nThe text.\r\n`);
  });

  test('is read by sealdrop open, which shows the real Subject and tells what protects it', async () => {
    const [key = ''] = writeIdentity(makeTemp('open'), bob);
    const args = ['open', '-', '--key', key, '--ca', pki.root.files.certificate];
    const run = await sealdrop(args, { input: withoutHead(picked()[1]) });
    expect(run.stderr).toContain('header: protected (hp=cipher)');
    expect(run.stderr).toMatch(/signed and encrypted: Subject, Thread-Topic/);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain(`Subject: ${secret}\r\n`);
    expect(run.stdout).toMatch(/\r\n\r\nThe text\.\r\n$/);
    const json = await sealdrop([...args, '--json'], { input: withoutHead(picked()[1]) });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, header: { hp: 'cipher', altered: [], faults: [] } });
  });

  test('is told by explain and show', async () => {
    const [original] = site.archived().values();
    const explained = await sealdrop(['explain', '-', '-c', site.configFile], { input: original ?? '' });
    expect(explained.stdout).toMatch(/Header +protected \(baseline\); hidden: Subject, Thread-Topic/);
    const clear = newSite('protect: { headerProtection: on, encrypt: none, sign: opaque }');
    const [copy] = seal(clear, MAIL).copies;
    clear.remove();
    const shown = await sealdrop(['show', '-'], { input: copy?.message ?? '' });
    expect(shown.stdout).toContain('protected header (hp=clear), not verified here: From, To, Subject');
  });
});
