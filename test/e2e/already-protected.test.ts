import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { PGP_MESSAGE, pgpEncrypted } from '../kit/openpgp-samples.js';
import { openssl } from '../kit/openssl-cli.js';
import { sealWithOpenssl } from '../kit/openssl-seal.js';
import { type Issued, testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { takePickupFile } from './pickup-file.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const carol = pki.issue({ address: 'carol@example.org', key: 'p-256' });
const SECRET = 'The PIN is 1234.';
const ENTITY = Buffer.from(`Content-Type: text/plain\r\n\r\n${SECRET}\r\n.\r\nFrom here on, blanks: \r\n`);
const EIGHT_BIT = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${SECRET} Grüße\r\n`);
const LIE = `Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\n${SECRET}\n`;

const RULES = `
rules:
  - { name: pass, when: { header: { x-sealdrop-case: pass } }, protect: { alreadySigned: pass, alreadyEncrypted: pass } }
  - { name: pass-clear, when: { header: { x-sealdrop-case: pass-clear } }, protect: { alreadySigned: pass, encrypt: none } }
  - { name: seal, when: { header: { x-sealdrop-case: seal } }, protect: { alreadyEncrypted: seal } }
  - { name: seal-clear, when: { header: { x-sealdrop-case: seal-clear } }, protect: { encrypt: none } }
  - { name: refuse, when: { header: { x-sealdrop-case: refuse } }, protect: { alreadySigned: refuse } }
  - { name: triple, when: { header: { x-sealdrop-case: triple } }, protect: { tripleWrap: on, whenKeysDiffer: together } }
  - { name: triple-opaque, when: { header: { x-sealdrop-case: triple-opaque } }, protect: { tripleWrap: on, sign: opaque, content: aes-256-gcm } }
  - { name: triple-pass, when: { header: { x-sealdrop-case: triple-pass } }, protect: { tripleWrap: on, alreadySigned: pass } }
`;

/** By the case's name, which is also its rule's and a part of its Subject. */
const MAILS: Record<string, { rule: string; to?: string; blind?: string; entity: Buffer | string }> = {
  'signed, by default': { rule: 'none', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
  'signed 8-bit, by default': { rule: 'none', entity: sealWithOpenssl(EIGHT_BIT, { signer: alice, detached: true }) },
  'signed, sealed in the clear': { rule: 'seal-clear', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
  'signed 8-bit, sealed in the clear': { rule: 'seal-clear', entity: sealWithOpenssl(EIGHT_BIT, { signer: alice, detached: true }) },
  'signed, passed': { rule: 'pass', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
  'signed, passed in the clear': { rule: 'pass-clear', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
  'opaque, passed in the clear': { rule: 'pass-clear', entity: sealWithOpenssl(EIGHT_BIT, { signer: alice }) },
  'signed, refused': { rule: 'refuse', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
  'signed by another, passed': { rule: 'pass', entity: sealWithOpenssl(ENTITY, { signer: bob, detached: true }) },
  'encrypted, by default': { rule: 'none', entity: sealWithOpenssl(ENTITY, { signer: alice, recipients: [bob] }) },
  'encrypted, sealed': { rule: 'seal', entity: sealWithOpenssl(ENTITY, { signer: alice, recipients: [bob] }) },
  'encrypted, passed': { rule: 'pass', entity: sealWithOpenssl(ENTITY, { signer: alice, recipients: [bob] }) },
  'encrypted to another, passed': {
    rule: 'pass',
    to: carol.address,
    entity: sealWithOpenssl(ENTITY, { signer: alice, recipients: [bob] }),
  },
  'a lie, passed': { rule: 'pass', entity: LIE },
  'PGP, passed': { rule: 'pass', entity: pgpEncrypted() },
  'PGP with text behind it, passed': { rule: 'pass', entity: `Content-Type: text/plain\n\n${PGP_MESSAGE}\n${SECRET}\n` },
  'triple wrap': { rule: 'triple', to: `${bob.address}, ${carol.address}`, blind: 'dave@example.net', entity: ENTITY },
  'opaque triple wrap': { rule: 'triple-opaque', entity: ENTITY },
  'signed, wrapped': { rule: 'triple-pass', entity: sealWithOpenssl(ENTITY, { signer: alice, detached: true }) },
};
const dave = pki.issue({ address: 'dave@example.net' });

function mail(name: string): Buffer {
  const { rule, to = bob.address, blind, entity } = MAILS[name] ?? { rule: 'none', entity: '' };
  const header = [
    `X-Sealdrop-Case: ${rule}`,
    `From: ${alice.address}`,
    `To: ${to}`,
    ...(blind === undefined ? [] : [`Bcc: ${blind}`]),
    `Subject: ${name}`,
    '',
  ].join('\n');
  return Buffer.concat([Buffer.from(header), typeof entity === 'string' ? Buffer.from(entity) : entity]);
}

/** What `openssl cms -verify` finds signed; throws when it is not. */
function verify(message: Buffer, binary = !message.includes('multipart/signed')): Buffer {
  return openssl(['cms', '-verify', ...(binary ? ['-binary'] : []), '-CAfile', pki.root.files.certificate], message);
}

function decrypt(message: Buffer, { files }: Issued): Buffer {
  return openssl(['cms', '-decrypt', '-binary', '-recip', files.certificate, '-inkey', files.privateKey], message);
}

describeWith(['openssl'], 'mail that came protected, and triple wraps, through run --once', () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site({ senders: [alice], recipients: [bob, carol, dave], config: `http: { listen: off }\nlog: { format: text }\n${RULES}` });
    for (const name of Object.keys(MAILS)) site.drop(`${name}.eml`, mail(name));
    expect((await runOnce(site)).status).toBe(65); // some are held
  }, 60_000);
  afterAll(() => site.remove());

  function pickedUp(name: string) {
    const subject = `\r\nSubject: ${name}\r\n`;
    return [...site.sealed()]
      .map(([file, bytes]) => takePickupFile(file, bytes))
      .filter(({ message }) => `\r\n${message.toString('latin1')}`.includes(subject));
  }

  function only(name: string): Buffer {
    const [one, ...more] = pickedUp(name);
    if (one === undefined || more.length > 0) throw new Error(`${name}: ${more.length + (one === undefined ? 0 : 1)} copies`);
    return one.message;
  }

  function held(name: string): Readonly<Record<string, unknown>> | undefined {
    expect(pickedUp(name)).toEqual([]);
    return site.quarantined().find(({ original }) => original.includes(`Subject: ${name}\n`))?.facts;
  }

  test('no clear text stands where encryption is required', () => {
    for (const [file, bytes] of site.sealed()) {
      const text = bytes.toString('latin1');
      if (!/^Subject: .*in the clear\r$/m.test(text)) expect(text, file).not.toContain('PIN is');
    }
  });

  describe('signed mail', () => {
    test.each(['signed, by default', 'signed 8-bit, by default'])('%s, is sealed with its signature whole inside', (name) => {
      const inner = verify(decrypt(only(name), bob));
      expect(inner.toString('latin1')).toContain('multipart/signed');
      expect(verify(inner).toString()).toContain(SECRET);
    });

    test('is sealed in the clear with its signature whole inside, its part octet for octet as it was', () => {
      const message = only('signed, sealed in the clear');
      const inner = verify(message);
      expect(verify(inner).toString()).toContain(SECRET);
      expect(inner.includes(ENTITY)).toBe(true);
      expect(message.includes(ENTITY)).toBe(true);
    });

    test('is held when it could not leave in the clear without being changed', () => {
      expect(held('signed 8-bit, sealed in the clear')).toMatchObject({ code: 'signed-part-altered' });
    });

    test('passes with its own signature alone, encrypted', () => {
      const inner = decrypt(only('signed, passed'), bob);
      expect(inner.toString('latin1', 0, 200)).toMatch(/multipart\/signed/);
      expect(verify(inner)).toEqual(ENTITY);
    });

    test.each(['signed, passed in the clear', 'opaque, passed in the clear'])('%s, leaves as it came', (name) => {
      const message = only(name);
      expect(verify(message).toString()).toContain(SECRET);
      const { entity } = MAILS[name] ?? { entity: '' };
      const text = entity.toString('latin1');
      const body = text.slice(text.indexOf('\n\n') + 2).replace(/\r?\n/g, '\r\n');
      expect(message.toString('latin1')).toContain(body);
    });

    test('is held when policy refuses it, or somebody else signed it', () => {
      expect(held('signed, refused')).toMatchObject({ code: 'already-protected' });
      expect(held('signed by another, passed')).toMatchObject({ code: 'pass-refused' });
    });
  });

  describe('encrypted mail', () => {
    test('is held by default', () => {
      expect(held('encrypted, by default')).toMatchObject({ code: 'already-protected' });
    });

    test('is encrypted again when it is sealed', () => {
      const inner = verify(decrypt(only('encrypted, sealed'), bob));
      expect(verify(decrypt(inner, bob))).toEqual(ENTITY);
    });

    test('passes as it is to those it is encrypted to, and to nobody else', () => {
      expect(verify(decrypt(only('encrypted, passed'), bob))).toEqual(ENTITY);
      expect(held('encrypted to another, passed')).toMatchObject({ code: 'pass-refused' });
    });

    test('that is not encrypted is held', () => {
      expect(held('a lie, passed')).toMatchObject({ code: 'pass-refused' });
      expect(held('PGP with text behind it, passed')).toMatchObject({ code: 'pass-refused' });
    });

    test('of OpenPGP passes by its rule', () => {
      expect(only('PGP, passed').toString('latin1').replaceAll('\r\n', '\n')).toContain(PGP_MESSAGE);
    });
  });

  describe('a triple wrap', () => {
    test('has one signature inside, and encryption and a signature around it for each copy', () => {
      const copies = pickedUp('triple wrap');
      expect(copies.map(({ receivers }) => receivers)).toEqual([[bob.address, carol.address], [dave.address]]);
      const readers = [bob, carol, dave];
      const opened = readers.map((reader) => {
        const copy = copies.find(({ receivers }) => receivers.includes(reader.address));
        const outside = verify(copy?.message ?? Buffer.alloc(0));
        return decrypt(outside, reader);
      });
      for (const inner of opened) expect(verify(inner)).toEqual(ENTITY);
      expect(new Set(opened.map((inner) => inner.toString('latin1'))).size).toBe(1);
      expect(copies.every(({ message }) => message.includes('multipart/signed'))).toBe(true);
    });

    test('can be opaque outside, and authenticated encryption inside', () => {
      const message = only('opaque triple wrap');
      expect(message.includes('multipart/signed')).toBe(false);
      expect(verify(decrypt(verify(message), bob))).toEqual(ENTITY);
    });

    test('goes around what came signed', () => {
      expect(verify(decrypt(verify(only('signed, wrapped')), bob))).toEqual(ENTITY);
    });

    test('is opened by sealdrop layer by layer, each valid', async () => {
      const directory = join(site.directory, 'opened');
      mkdirSync(directory);
      const file = join(directory, 'triple.eml');
      writeFileSync(file, only('opaque triple wrap'));
      const key = join(directory, 'bob.pem');
      writeFileSync(key, bob.privateKeyPem + bob.certificatePem, { mode: 0o600 });
      const { stdout, status } = await sealdrop(['open', file, '--json', '--key', key, '--ca', pki.root.files.certificate]);
      const { layers } = JSON.parse(stdout) as { layers: { kind: string; verdict: string }[] };
      expect(layers.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual(['signed valid', 'encrypted authenticated', 'signed valid']);
      expect(status).toBe(0);
    });
  });

  test('the trail says how each came, and proves itself', async () => {
    const audit = join(site.spool, 'audit');
    const details = readdirSync(audit).filter((name) => name.endsWith('.details.jsonl'));
    const text = details.map((name) => readFileSync(join(audit, name), 'utf8')).join('');
    for (const note of ['already-signed smime', 'already-encrypted smime', 'already-encrypted openpgp']) expect(text).toContain(note);
    for (const fact of ['"passed":"signed"', '"passed":"encrypted"', '"outerSign":"detached"']) expect(text).toContain(fact);
    expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).status).toBe(0);
  });

  test('explain tells what was recognised and what is done', async () => {
    const explained = async (name: string) => {
      const file = join(site.directory, 'explained.eml');
      writeFileSync(file, mail(name));
      return sealdrop(['explain', file, '-c', site.configFile]);
    };
    const passed = await explained('encrypted, passed');
    expect(passed.stdout).toMatch(/Came +encrypted \(S\/MIME, application\/pkcs7-mime\)/);
    expect(passed.stdout).toMatch(/Sealed +as it came, encrypted already/);
    expect(passed.status).toBe(0);
    expect((await explained('signed, passed')).stdout).toMatch(/Sealed +signed, as it came; encrypted, aes-256-cbc/);
    expect((await explained('triple wrap')).stdout).toMatch(/; encrypted, aes-256-cbc .*; signed again, detached \(/);
    const refused = await explained('a lie, passed');
    expect(refused.stdout).toMatch(/It would be held for a person: pass-refused/);
    expect(refused.status).toBe(65);
  });
});
