import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertPickupFile } from '../../src/delivery/pickup/check.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { writeIdentity } from '../kit/key-files.js';
import { type GeneratedMail, generateMails } from '../kit/mail.js';
import { compareLeaves, takeApart } from '../kit/mail-reader.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { describeWith, type Tool } from '../kit/tools.js';
import { bouncyCastleVerifier } from '../kit/verifiers/bouncycastle.js';
import { gpgsmVerifier } from '../kit/verifiers/gpgsm.js';
import { nssVerifier } from '../kit/verifiers/nss.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';
import { sealdropVerifier } from '../kit/verifiers/sealdrop.js';
import type { Verdict, Verifier, VerifierKeys } from '../kit/verifiers/verifier.js';
import { cmsOf, type PickedUp, takePickupFile } from './pickup-file.js';

// The long form (1,000 messages) is `npm run lab:mixed`.
const count = Number(process.env.SEALDROP_MIXED ?? 150);
const firstSeed = Number(process.env.SEALDROP_MIXED_SEED ?? 1);

const programs: { name: string; tools: Tool[]; make: (keys: VerifierKeys) => Verifier | Promise<Verifier> }[] = [
  { name: 'openssl', tools: ['openssl', 'python3'], make: opensslVerifier },
  { name: 'gpgsm', tools: ['openssl', 'gpgsm', 'python3'], make: gpgsmVerifier },
  { name: 'NSS cmsutil', tools: ['openssl', 'nss', 'python3'], make: nssVerifier },
  { name: 'BouncyCastle', tools: ['openssl', 'bouncycastle', 'python3'], make: bouncyCastleVerifier },
  { name: 'sealdrop itself', tools: ['openssl', 'python3'], make: sealdropVerifier },
];

describe(`${count} mixed messages through run --once`, () => {
  const pki = testPki();
  const senders = [pki.issue({ address: 'steve@example.com' }), pki.issue({ address: 'alice@example.com', key: 'rsa-3072' })];
  const recipients = ['bob@example.net', 'carol@example.org', 'dave@example.net', 'erin@example.org', 'frank@example.net'].map((address) =>
    pki.issue({ address }),
  );
  const mails = generateMails(count, { senders: addressesOf(senders), recipients: addressesOf(recipients) }, firstSeed);
  let site: Site;
  let picked: PickedUp[];
  const mailById = new Map<string, GeneratedMail>();

  beforeAll(async () => {
    site = new Site({ senders, recipients, config: 'http: { listen: off }\nlog: { format: text }', pickup: ['maxWaiting: off'] });
    for (const { seed, bytes } of mails) site.drop(`${seed}.eml`, bytes);
    const run = await runOnce(site, { deadlineMs: 300_000 });
    expect(run.stderr).not.toMatch(/ (warn|error) /);
    expect(run.status).toBe(0);
    picked = [...site.sealed()].map(([name, bytes]) => takePickupFile(name, bytes));
    const submitted = new Map(mails.map((mail) => [mail.bytes.toString('latin1'), mail]));
    for (const [id, original] of site.archived()) {
      const mail = submitted.get(original.toString('latin1'));
      if (mail !== undefined) mailById.set(id, mail);
    }
  }, 320_000);
  afterAll(() => site.remove());

  test('every original is in the archive, byte for byte, and nothing else is', () => {
    expect(site.archived().size).toBe(count);
    expect(new Set(mailById.values())).toEqual(new Set(mails));
    expect(site.quarantined()).toEqual([]);
    expect(site.waiting()).toEqual([]);
  });

  test('every recipient got exactly one copy', () => {
    const expected = mails.flatMap(({ seed, recipients: all }) => all.map((address) => `${seed} ${address}`));
    const delivered = picked.flatMap((file) => file.receivers.map((address) => `${mailOf(file).seed} ${address}`));
    expect(delivered.sort()).toEqual(expected.sort());
    for (const file of picked) expect(file.sender, describeMail(mailOf(file))).toBe(mailOf(file).sender);
  });

  test('a copy can be decrypted by its own recipients only, and a blind one has a copy of its own', () => {
    const serials = recipients.map((each) => Buffer.from(new X509Certificate(each.certificate).serialNumber, 'hex'));
    for (const file of picked) {
      const der = cmsOf(file.message);
      const readers = recipients.filter((_, n) => der.includes(serials[n] ?? '')).map(({ address }) => address);
      expect(readers.sort(), describeMail(mailOf(file))).toEqual([...file.receivers].sort());
      if (mailOf(file).blind.some((address) => file.receivers.includes(address))) expect(file.receivers).toHaveLength(1);
    }
    expect(mails.some(({ blind }) => blind.length > 0)).toBe(true);
  });

  test('every file meets the whole contract of a pickup file, and carries no Bcc', () => {
    for (const file of picked) {
      expect(() => assertPickupFile(file.bytes), describeMail(mailOf(file))).not.toThrow();
      expect(file.bytes.toString('latin1')).not.toMatch(/^(resent-)?bcc[ \t]*:/im);
    }
  });

  test('the audit trail and the archive prove each other', async () => {
    const verified = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(verified.stdout).toBe('consistent, completeness not proven\n');
    expect(verified.status).toBe(0);
  });

  describeWith(['python3'], 'outside', () => {
    test('every header field is kept, in its order, with its text', async () => {
      for (const file of picked) {
        const mail = mailOf(file);
        const before = (await takeApart(mail.bytes)).fields.filter(([name]) => !isOurs(name));
        const supplied = ['date', 'message-id'].filter((name) => !before.some(([one]) => one.toLowerCase() === name));
        const after = (await takeApart(file.message)).fields.filter(([name]) => !isOurs(name) && !supplied.includes(name.toLowerCase()));
        expect(after.map(fieldText), describeMail(mail)).toEqual(before.map(fieldText));
      }
    });
  });

  describeWith(['python3'], 'sealdrop open', () => {
    test('opens a pickup file with the key of each of its readers, and gives out the mail that was submitted', {
      timeout: 120_000,
    }, async () => {
      const keys = join(site.directory, 'readers');
      for (const recipient of recipients) {
        writeIdentity(keys, recipient);
        const file = picked.find(({ receivers }) => receivers.includes(recipient.address));
        if (file === undefined) throw new Error(`nothing for ${recipient.address}`);
        const args = ['--key', join(keys, `${recipient.address}.pem`), '--ca', pki.root.files.certificate];
        const opened = await sealdrop(['open', join(site.pickup, file.name), ...args]);
        expect(opened.stderr, describeMail(mailOf(file))).not.toMatch(/what to do/);
        expect(opened.status).toBe(0);
        expect(await compareLeaves(mailOf(file).bytes, opened.stdoutBytes)).toEqual([]);
      }
    });
  });

  for (const { name, tools, make } of programs) {
    describeWith(tools, name, () => {
      test('opens every pickup file, finds the signature good, and every leaf part as it was submitted', { timeout: 600_000 }, async () => {
        const verifier = await make({ recipients, root: pki.root });
        const verdicts = await verifier.openAll(picked.map(({ message }) => message));
        await verifier.close();
        const wrong: string[] = [];
        for (const [n, file] of picked.entries()) {
          wrong.push(...(await faultsOf(verdicts[n], mailOf(file))));
        }
        expect(wrong).toEqual([]);
      });
    });
  }

  function mailOf(file: PickedUp): GeneratedMail {
    const mail = mailById.get(file.id);
    if (mail === undefined) throw new Error(`${file.name} is of no submitted message`);
    return mail;
  }
});

async function faultsOf(verdict: Verdict | undefined, mail: GeneratedMail): Promise<string[]> {
  if (verdict?.signerOk !== true) return [`${describeMail(mail)}: ${verdict?.fault}`];
  const faults = (await compareLeaves(mail.bytes, verdict.entity)).filter((fault) => !isOwnerlessCr(fault, mail.bytes));
  if (/^(resent-)?bcc[ \t]*:/im.test(verdict.entity.toString('latin1'))) faults.push('a Bcc inside');
  return faults.map((fault) => `${describeMail(mail)}: ${fault}`);
}

/**
 * Where some lines end in CRLF and others in LF alone, the CR before the delimiter behind a binary part may belong to either: a program that
 * ends its lines in LF may have written a part that ends in CR.
 */
function isOwnerlessCr(fault: string, submitted: Buffer): boolean {
  const [, before, after] = /content differs, (\d+) octets \(binary\) \/ (\d+) /.exec(fault) ?? [];
  return Number(after) === Number(before) + 1 && /[^\r]\n--/.test(submitted.toString('latin1'));
}

/** Fields that sealing takes inside, that go with the envelope, or that it makes itself. */
function isOurs(name: string): boolean {
  return /^(content-.*|mime-version|bcc|resent-bcc|return-path|x-sender|x-receiver|x-job)$/i.test(name);
}

/** Blanks beside a comma mean nothing in a list of addresses; an encoded one is folded anew. */
function fieldText([name, value]: readonly [string, string]): string {
  const text = withWordsDecoded(value).replace(/\s+/g, ' ').trim();
  return `${name}: ${text.replace(/ ?, ?/g, ',')}`;
}

/** Python leaves the encoded words of a field alone that also has raw octets beyond ASCII. */
function withWordsDecoded(value: string): string {
  return value.replace(/=\?([\w-]+)\?([BQ])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, text: string) => {
    const latin1 = text
      .replaceAll('_', ' ')
      .replace(/=([0-9A-F]{2})/gi, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const octets = encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : Buffer.from(latin1, 'latin1');
    return new TextDecoder(charset).decode(octets);
  });
}

function addressesOf(issued: readonly { address: string }[]): string[] {
  return issued.map(({ address }) => address);
}

function describeMail({ seed, traits }: GeneratedMail): string {
  return `seed ${seed} (${traits.join(', ')})`;
}
