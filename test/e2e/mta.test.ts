import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dkimVerify } from 'mailauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { freePort } from '../kit/free-port.js';
import { compareLeaves } from '../kit/mail-reader.js';
import { DnsServer } from '../kit/mta/dns-server.js';
import { Exim } from '../kit/mta/exim.js';
import { OpenDkim } from '../kit/mta/opendkim.js';
import { PickupMta } from '../kit/mta/pickup-reader.js';
import { sendOnTo } from '../kit/mta/send-on.js';
import { testPki } from '../kit/pki.js';
import { Postfix } from '../kit/postfix.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });

/** What is delivered how: Bob's mail is signed and encrypted, what Dave gets can be read by everybody. */
const MAILS = { 'signed and encrypted': 'bob@example.net', 'signed only': 'dave@example.net' } as const;
const WAYS = ['smtp', 'pickup'] as const;
const cases = WAYS.flatMap((via) => Object.keys(MAILS).map((kind) => ({ via, kind: kind as keyof typeof MAILS })));

interface Mta {
  readonly port: number;
  delivered(isIt: (message: Buffer) => boolean): Promise<Buffer>;
}

describeWith(['root', 'openssl', 'postfix', 'opendkim'], 'sealed mail through Postfix, which has OpenDKIM sign it', () => {
  let dkim: OpenDkim;
  let names: DnsServer;
  let postfix: Postfix;
  let early: Site;
  let whileDown: Finished;
  beforeAll(async () => {
    const milterPort = await freePort();
    postfix = await Postfix.start({ milterPort });
    early = new Site({ senders: [steve], recipients: [bob] });
    configure(early, 'smtp', postfix.port);
    early.drop('mail.eml', mail(MAILS['signed and encrypted'], 'early'));
    whileDown = await runOnce(early);
    dkim = await OpenDkim.start('example.com', milterPort);
    names = await DnsServer.start(dkim.record);
  });
  afterAll(async () => {
    postfix.stop();
    early.remove();
    await names.stop();
    await dkim.stop();
  });

  test('mail waits as long as OpenDKIM is down, and then leaves signed', async () => {
    expect([whileDown.status, early.quarantined()]).toEqual([75, []]);
    expect(whileDown.stderr).toContain('bob@example.net: 451 4.7.1');
    const [ticket = ''] = readdirSync(join(early.spool, 'retry')).filter((name) => name.endsWith('.json'));
    await sealdrop(['queue', 'retry', ticket.slice(0, -'.json'.length), '-c', early.configFile]);
    expect((await runOnce(early)).status).toBe(0);
    const arrived = await postfix.delivered((bytes) => bytes.includes('\nSubject: early\n'));
    expect(await dkimOf(arrived, names)).toEqual(['pass example.com']);
  });

  describe.each(cases)('by $via, $kind', ({ via, kind }) => {
    let arrived: Buffer;
    let sent: Sent;
    beforeAll(async () => {
      sent = await sendThrough(postfix, via, kind);
      arrived = sent.arrived;
    });
    afterAll(() => sent.site.remove());

    test('the DKIM signature verifies', async () => expect(await dkimOf(arrived, names)).toEqual(['pass example.com']));
    test('the S/MIME opens', async () => expectOpens(sent));
    test('every octet sealdrop handed over arrived, behind what the MTA wrote', () => expectUnchanged(sent));
    test('a change of the body is seen by both', async () => {
      const readable = arrived.indexOf('xxx');
      const at = readable === -1 ? Math.floor(arrived.length / 2) : readable;
      const changed = Buffer.from(arrived);
      changed[at] = arrived[at] === 0x41 ? 0x42 : 0x41;
      expect(await dkimOf(changed, names)).toEqual(['neutral example.com']);
      expect((await opensslVerifier({ recipients: [bob], root: pki.root }).open(changed)).signerOk).toBe(false);
    });
  });
});

describeWith(['root', 'openssl', 'exim'], 'sealed mail through Exim', () => {
  let exim: Exim;
  beforeAll(async () => {
    exim = await Exim.start();
  });
  afterAll(() => exim.stop());

  test.each(cases)('by $via, $kind, arrives unchanged and opens', async ({ via, kind }) => {
    const sent = await sendThrough(exim, via, kind);
    await expectOpens(sent);
    expectUnchanged(sent);
    sent.site.remove();
  });
});

interface Sent {
  readonly site: Site;
  readonly submitted: Buffer;
  /** What the MTA was given, as its size and hash. */
  readonly handedOver: Digest;
  readonly arrived: Buffer;
}

interface Digest {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Drops a message for a daemon that delivers to `mta`, and waits until it is in the mailbox. */
async function sendThrough(mta: Mta, via: (typeof WAYS)[number], kind: keyof typeof MAILS): Promise<Sent> {
  const subject = `${kind} by ${via}`;
  const submitted = mail(MAILS[kind], subject);
  const site = new Site({ senders: [steve], recipients: [bob] });
  configure(site, via, mta.port);
  const reader = via === 'pickup' ? new PickupMta({ pickup: site.pickup, bad: site.bad, take: sendOnTo(mta.port) }) : undefined;
  const daemon = startDaemon(site);
  try {
    site.drop('mail.eml', submitted);
    const arrived = await mta.delivered((bytes) => bytes.includes(`\nSubject: ${subject}\n`));
    await daemon.until('the outcome', () => readdirSync(join(site.spool, 'work')).every((name) => !name.endsWith('.eml')));
    const [taken] = reader?.taken ?? [];
    return { site, submitted, arrived, handedOver: taken === undefined ? recordedCopy(site) : digestOf(taken.message) };
  } finally {
    await daemon.terminate();
    await reader?.stop();
    expect([readdirSync(site.bad), site.quarantined()]).toEqual([[], []]);
  }
}

function configure(site: Site, via: (typeof WAYS)[number], port: number): void {
  const rules = 'http: { listen: off }\nrules:\n  - { name: readable, when: { to: dave@example.net }, protect: { encrypt: none } }\n';
  if (via === 'pickup') {
    site.configure(rules);
    return;
  }
  const delivery = `delivery: { via: smtp, smtp: { host: 127.0.0.1, port: ${port}, tls: none } }`;
  writeFileSync(site.configFile, `spool: ${site.spool}\nkeys: ${site.keys}\n${delivery}\n${rules}`);
}

/** With all that is lost or changed on the way when it is not encoded: 8-bit octets, a long line, blanks at the end, `From `, dots. */
function mail(to: string, subject: string): Buffer {
  const text = ['Größe: 1,234 €', 'blanks at the end \t ', 'From the first on', '.', '..', '', 'x'.repeat(3000), '', ''];
  return Buffer.from(
    [
      'From: Steve <steve@example.com>',
      `To: <${to}>`,
      `Subject: ${subject}`,
      'Date: Wed, 25 Nov 2026 10:00:00 +0000',
      `Message-ID: <${subject.replaceAll(' ', '-')}@example.com>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=parts',
      '',
      '--parts',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      ...text,
      '--parts',
      'Content-Type: application/octet-stream; name=octets.bin',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(Array.from({ length: 45 }, (_, n) => n * 5)).toString('base64'),
      '--parts--',
      '',
    ].join('\r\n'),
  );
}

/** Mail with the line ends it had on the wire; the mailbox has LF. */
function onTheWire(stored: Buffer): Buffer {
  return Buffer.from(stored.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

async function dkimOf(stored: Buffer, names: DnsServer): Promise<string[]> {
  const { results } = await dkimVerify(onTheWire(stored), { resolver: names.resolver() });
  return results.map(({ status, signingDomain }) => `${status.result} ${signingDomain}`);
}

async function expectOpens({ site, submitted, arrived }: Sent): Promise<void> {
  const openssl = await opensslVerifier({ recipients: [bob], root: pki.root }).open(arrived);
  expect(openssl).toMatchObject({ signerOk: true, fault: '' });
  const key = join(site.directory, 'bob.pem');
  writeFileSync(key, bob.privateKeyPem + bob.certificatePem, { mode: 0o600 });
  const run = await sealdrop(['open', '-', '--key', key, '--ca', pki.root.files.certificate], { input: arrived });
  expect(run.status, run.stderr).toBe(0);
  expect(await compareLeaves(submitted, run.stdoutBytes)).toEqual([]);
}

function expectUnchanged({ handedOver, arrived }: Sent): void {
  const tail = onTheWire(arrived).subarray(-handedOver.sizeBytes);
  expect(digestOf(tail), tail.toString('latin1', 0, 200)).toEqual(handedOver);
}

/** Of the one copy in the audit trail. By SMTP these are the octets sent; a pickup file has the MTA's lines before them. */
function recordedCopy(site: Site): Digest {
  const audit = join(site.spool, 'audit');
  const [details = ''] = readdirSync(audit).filter((name) => name.endsWith('.details.jsonl'));
  const lines = readFileSync(join(audit, details), 'utf8').trimEnd().split('\n');
  const found = lines.flatMap((line) => (JSON.parse(line) as { detail: { intent?: { copies: Digest[] } } }).detail.intent?.copies ?? []);
  expect(found).toHaveLength(1);
  return { sizeBytes: found[0]?.sizeBytes ?? 0, sha256: found[0]?.sha256 ?? '' };
}

function digestOf(bytes: Buffer): Digest {
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
