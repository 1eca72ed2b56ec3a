import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMessage } from '../../src/smime/open.js';
import { sealdrop } from '../kit/daemon.js';
import { sealWithOpenssl } from '../kit/openssl-seal.js';
import { testPki } from '../kit/pki.js';
import { Postfix } from '../kit/postfix.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });

/** What a relay may change: 8-bit octets, lines of more than 998 octets; and what others on the way do. */
const HAZARDS = [
  'Größe: 1,234 €',
  'blanks at the end \t ',
  'From the first on',
  '.',
  '..',
  '',
  `${'long '.repeat(300)}€`,
  '',
  '',
  'x'.repeat(3000),
];

const ENTITIES: Readonly<Record<string, readonly string[]>> = {
  'a text': ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', ...HAZARDS],
  'a text without any MIME header': ['', ...HAZARDS],
  'alternatives with an attached message': [
    'Content-Type: multipart/mixed; boundary=outer',
    'Content-Transfer-Encoding: 8bit',
    '',
    '--outer',
    'Content-Type: multipart/alternative; boundary=inner',
    'Content-Transfer-Encoding: 8bit',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...HAZARDS,
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...HAZARDS.map((line) => `<p>${line}</p>`),
    '--inner--',
    '--outer',
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: 8bit',
    '',
    'From: carol@example.org',
    'Subject: enclosed',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...HAZARDS,
    '--outer--',
    '',
  ],
};

/** Signed as it is, by a signer that re-encodes nothing: if these came through, the test would show nothing. */
const CONTROLS: Readonly<Record<string, readonly string[]>> = {
  '8-bit text': ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', 'Größe: 1,234 €', ''],
  'a long line': ['Content-Type: text/plain', '', 'x'.repeat(3000), ''],
};

describeWith(['root', 'openssl', 'postfix'], 'multipart/signed through a Postfix whose next hop has no 8BITMIME', () => {
  let postfix: Postfix;
  let site: Site;
  beforeAll(async () => {
    postfix = await Postfix.start();
    site = new Site({ senders: [steve] });
  });
  afterAll(() => {
    postfix.stop();
    site.remove();
  });

  test('the first hop announces 8BITMIME, the second does not', async () => {
    expect(await greeting(postfix.port)).toContain('8BITMIME');
    expect(await greeting(postfix.secondPort)).not.toContain('8BITMIME');
  });

  test.each(Object.keys(ENTITIES))('%s, signed by sealdrop, arrives with its signature whole', async (name) => {
    const file = join(site.directory, 'message.eml');
    writeFileSync(file, message(name, crlf(ENTITIES[name] ?? [])));
    const env = { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(postfix.port), SMTP_USER: undefined, SMTP_PASSWORD: undefined };
    const run = await sealdrop(['send', file, '--sign-detached', '--send-smtp', '--keys', site.keys], { env });
    expect(run.status, run.stderr).toBe(0);

    const arrived = await arrivedWith(postfix, name);
    expect(arrived.toString('latin1')).toContain('multipart/signed');
    expect(await verdicts(arrived)).toEqual({ openssl: true, sealdrop: true });
  });

  test.each(Object.keys(CONTROLS))('%s, signed as it is, arrives broken', async (name) => {
    const signed = sealWithOpenssl(crlf(CONTROLS[name] ?? []), { signer: steve, detached: true });
    const sent = message(name, Buffer.from(signed.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1'));
    expect(await verdicts(sent)).toEqual({ openssl: true, sealdrop: true });
    await sendAsItIs(postfix.port, sent);

    const arrived = await arrivedWith(postfix, name);
    expect(arrived.includes(CONTROLS[name]?.at(-2) ?? '')).toBe(false);
    expect(await verdicts(arrived)).toEqual({ openssl: false, sealdrop: false });
  });
});

function message(subject: string, entity: Buffer): Buffer {
  const header = ['From: Steve <steve@example.com>', 'To: Bob <bob@example.net>', `Subject: ${subject}`, ''].join('\r\n');
  return Buffer.concat([Buffer.from(header), entity]);
}

function crlf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'));
}

async function arrivedWith(postfix: Postfix, subject: string): Promise<Buffer> {
  return postfix.delivered((bytes) => bytes.includes(`\nSubject: ${subject}\n`));
}

async function verdicts(received: Buffer): Promise<{ openssl: boolean; sealdrop: boolean }> {
  const openssl = await opensslVerifier({ recipients: [], root: pki.root }).open(received);
  const { ok } = openMessage(received, { decryption: [], trustAnchors: [pki.root.certificate], now: new Date() });
  return { openssl: openssl.signerOk, sealdrop: ok };
}

/** By a dialogue of our own: sealdrop's delivery would refuse to send such a message. */
async function sendAsItIs(port: number, bytes: Buffer): Promise<void> {
  const content = bytes.toString('latin1').replace(/^\./gm, '..');
  const commands = ['EHLO client.example.com', 'MAIL FROM:<steve@example.com> BODY=8BITMIME', 'RCPT TO:<bob@example.net>', 'DATA'];
  const replies = await dialogue(port, [...commands, `${content}\r\n.`, 'QUIT']);
  expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['220', '250', '250', '250', '354', '250', '221']);
}

async function greeting(port: number): Promise<string> {
  const [, ehlo = ''] = await dialogue(port, ['EHLO client.example.com', 'QUIT']);
  return ehlo;
}

/** Says each command (octets as latin1) once the server has answered the one before; the answers, its first words among them. */
function dialogue(port: number, commands: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const replies: string[] = [];
    const left = [...commands];
    let heard = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('close', () => resolve(replies));
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (!/^\d{3} .*\r\n$/m.test(heard)) return;
      replies.push(heard);
      heard = '';
      const next = left.shift();
      if (next === undefined) socket.end();
      else socket.write(`${next}\r\n`, 'latin1');
    });
  });
}
