import { createPrivateKey } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../src/cli/explain-facts.js';
import { openMessage } from '../../src/smime/open.js';
import { type Program, sealdrop, startDaemon } from '../kit/daemon.js';
import { writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { nssVerifier } from '../kit/verifiers/nss.js';
import { type PickedUp, takePickupFile } from './pickup-file.js';

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const carol = pki.issue({ address: 'carol@example.org' });
const erin = pki.issue({ address: 'erin@example.net', key: 'p-256' });

const POLICY = `http: { listen: off }
log: { format: text }
outbox: { rescanMs: 100 }
protect: { content: auto }
rules:
  - { name: apart, when: { header: { x-sealdrop-class: apart } }, protect: { whenCiphersDiffer: separate } }
  - { name: strict, when: { header: { x-sealdrop-class: strict } }, protect: { contentAtLeast: aes-256-gcm } }`;

describe('a daemon that chooses the cipher by what recipients’ programs read', () => {
  let site: Site;
  let daemon: Program;
  beforeAll(async () => {
    site = new Site({ senders: [steve], recipients: [bob, carol, erin], config: POLICY });
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
  });
  afterAll(async () => {
    await daemon.kill();
    site.remove();
  });

  test('takes AES-256-CBC while nothing is learnt', async () => {
    expect(await sealed('one', { to: [bob, carol] })).toEqual([['aes-256-cbc', bob.address, carol.address]]);
  });

  test('uses what is harvested while it runs, for the recipient it was learnt of alone', async () => {
    await harvestFromBob();
    expect(await sealed('two', { to: [bob] })).toEqual([['aes-256-gcm', bob.address]]);
    expect(await sealed('three', { to: [carol] })).toEqual([['aes-256-cbc', carol.address]]);
    expect(await sealed('four', { to: [bob, carol] })).toEqual([['aes-256-cbc', bob.address, carol.address]]);
  });

  test('makes separate copies by rule', async () => {
    expect(await sealed('five', { to: [bob, carol], kind: 'apart' })).toEqual([
      ['aes-256-cbc', carol.address],
      ['aes-256-gcm', bob.address],
    ]);
  });

  test('keeps the floor of a rule, whatever is learnt', async () => {
    expect(await sealed('six', { to: [bob, carol], kind: 'strict' })).toEqual([['aes-256-gcm', bob.address, carol.address]]);
  });

  test('gives a blind recipient a copy of its own, with its own cipher, and keeps keys of different kinds apart', async () => {
    expect(await sealed('seven', { to: [carol, erin], blind: [bob] })).toEqual([
      ['aes-256-cbc', carol.address],
      ['aes-256-cbc', erin.address],
      ['aes-256-gcm', bob.address],
    ]);
  });

  test('forgets it when the certificate is another', async () => {
    const renewed = pki.issue({ address: bob.address, edition: 2 });
    writeRecipient(site.keys, renewed);
    expect(await sealed('eight', { to: [bob] }, renewed.privateKeyPem, renewed.certificate)).toEqual([['aes-256-cbc', bob.address]]);
    writeRecipient(site.keys, bob);
    expect(await sealed('nine', { to: [bob] })).toEqual([['aes-256-gcm', bob.address]]);
  });

  test('is explained, for people and as JSON', async () => {
    const input = letter('ten', { to: [bob, carol] });
    const text = await sealdrop(['explain', '-', '-c', site.configFile], { input });
    expect(text.stdout).toContain('reads aes-256-gcm, aes-256-cbc (learnt from mail signed ');
    expect(text.stdout).toMatch(/Cipher +the strongest that all its recipients read; carol@example\.org announced nothing/);
    const facts = JSON.parse((await sealdrop(['explain', '-', '-c', site.configFile, '--json'], { input })).stdout) as Explanation;
    expect(facts.recipients).toMatchObject([{ capabilities: { ciphers: ['aes-256-gcm', 'aes-256-cbc'] } }, { capabilities: null }]);
    expect(facts.copies).toMatchObject([
      { content: 'aes-256-cbc', contentWhy: expect.stringContaining('bob@example.net alone would get aes-256-gcm') },
    ]);
  });

  describeWith(['openssl', 'nss'], 'NSS', () => {
    test('reads the copy for an RSA key of a message that is also for an elliptic curve key', async () => {
      const before = new Set(readdirSync(site.pickup));
      site.drop('eleven.eml', letter('eleven', { to: [carol, erin] }));
      const copies = await daemon.until('both copies', () => {
        const found = [...site.sealed()].filter(([name]) => !before.has(name)).map(([name, bytes]) => takePickupFile(name, bytes));
        return found.length === 2 && found;
      });
      const copy = copies.find(({ receivers }) => receivers.includes(carol.address));
      const nss = await nssVerifier({ recipients: [carol], root: pki.root });
      const verdict = await nss.open(copy?.message ?? Buffer.alloc(0));
      await nss.close();
      expect(verdict).toMatchObject({ signerOk: true, fault: '' });
      expect(verdict.entity.toString()).toContain('text of eleven');
    });
  });

  interface Letter {
    readonly to: readonly { address: string }[];
    readonly blind?: readonly { address: string }[];
    readonly kind?: string;
  }

  function letter(subject: string, { to, blind = [], kind = 'plain' }: Letter): string {
    const list = (people: Letter['to']) => people.map(({ address }) => address).join(', ');
    const bcc = blind.length === 0 ? '' : `Bcc: ${list(blind)}\r\n`;
    return `From: ${steve.address}\r\nTo: ${list(to)}\r\n${bcc}X-Sealdrop-Class: ${kind}\r\nSubject: ${subject}\r\n\r\ntext of ${subject}\r\n`;
  }

  /** Drops a letter, waits for its copies, opens each with the key of everybody it is for: cipher and receivers of each. */
  async function sealed(subject: string, mail: Letter, key = bob.privateKeyPem, certificate = bob.certificate): Promise<string[][]> {
    const before = new Set(readdirSync(site.pickup));
    site.drop(`${subject}.eml`, letter(subject, mail));
    const wanted = mail.to.length + (mail.blind?.length ?? 0);
    const isNew = ([name]: [string, Buffer]) => !before.has(name);
    const copies = () => [...site.sealed()].filter(isNew).map(([name, bytes]) => takePickupFile(name, bytes));
    const all = await daemon.until(`all copies of ${subject}`, () => {
      const found = copies();
      return found.flatMap(({ receivers }) => receivers).length === wanted && found;
    });
    const keys = new Map([
      [carol.address, { certificate: carol.certificate, privateKey: createPrivateKey(carol.privateKeyPem) }],
      [erin.address, { certificate: erin.certificate, privateKey: createPrivateKey(erin.privateKeyPem) }],
      [bob.address, { certificate, privateKey: createPrivateKey(key) }],
    ]);
    return all.map((copy) => [cipherOf(copy, keys, subject), ...copy.receivers]).sort();
  }

  function cipherOf(copy: PickedUp, keys: ReadonlyMap<string, Parameters<typeof openMessage>[1]['decryption'][number]>, subject: string) {
    const ciphers = copy.receivers.map((address) => {
      const own = keys.get(address);
      const opened = openMessage(copy.message, {
        decryption: own === undefined ? [] : [own],
        trustAnchors: [pki.root.certificate],
        now: new Date(),
      });
      expect(opened.ok).toBe(true);
      expect(opened.entity.toString()).toContain(`text of ${subject}`);
      return opened.layers[0]?.algorithms[0];
    });
    expect(new Set(ciphers).size).toBe(1);
    return ciphers[0] ?? 'none';
  }

  /** Bob's own program signs, and announces GCM. */
  async function harvestFromBob(): Promise<void> {
    const announce = 'identities: [{ from: bob@example.net, capabilities: [aes-256-gcm, aes-256-cbc] }]';
    const bobs = new Site({ senders: [bob], config: `protect: { encrypt: none }\n${announce}` });
    const input = `From: ${bob.address}\r\nTo: ${steve.address}\r\nSubject: hello\r\n\r\nhello\r\n`;
    const signed = await sealdrop(['send', '-', '--sign', '-c', bobs.configFile], { input });
    bobs.remove();
    const args = ['keys', 'harvest', '-', '-c', site.configFile, '--ca', pki.root.files.certificate];
    const run = await sealdrop(args, { input: signed.stdoutBytes });
    expect(run.status, run.stderr).toBe(0);
  }
});
