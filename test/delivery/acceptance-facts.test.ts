import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SparkpostDelivery } from '../../src/delivery/api/sparkpost.js';
import { byteFacts } from '../../src/delivery/byte-facts.js';
import { assertPickupFile } from '../../src/delivery/pickup/check.js';
import { checkPickup } from '../../src/delivery/pickup/directory.js';
import { pickupHead } from '../../src/delivery/pickup/file.js';
import { pickupProfile } from '../../src/delivery/pickup/profile.js';
import { msysApiField } from '../../src/delivery/smtp/msys-api.js';
import { octetsOf } from '../../src/message/octets.js';
import { newSite } from '../daemon/site.js';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { type PickupMail, PickupRefusal, parsePickupFile } from '../kit/mta/pickup-mail.js';
import { PickupMta } from '../kit/mta/pickup-reader.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { startSparkpost } from './api/sparkpost-stub.js';
import { noteFileCalls } from './file-calls.js';
import { copyTo } from './servers.js';
import { codeOf } from './thrown.js';

// What a pickup directory asks of whoever writes into it, by number, shown on what a real daemon hands over. "Clear" mail is only signed, so
// that its text can be looked at in the file.

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const carol = pki.issue({ address: 'carol@example.org' });

const CONFIG = `http: { listen: off }
log: { format: text }
rules:
  - { name: bulk, when: { header: { x-sealdrop-case: bulk } }, protect: { encrypt: none }, delivery: { job: invoices-2026-11, virtualMta: mta7 } }
  - { name: clear, when: { header: { x-sealdrop-case: clear } }, protect: { encrypt: none } }
`;

const SUBMITTED: Readonly<Record<string, string>> = {
  plain: '\ufeffFrom: steve@example.com\nTo: Bob <bob@example.net>\nSubject: plain\n\ntext\n',
  brackets:
    'x-sender: <steve@example.com>\nx-receiver: <bob@example.net>\nFrom: steve@example.com\nTo: bob@example.net\nSubject: brackets\n\ntext\n',
  blind: 'From: steve@example.com\nTo: bob@example.net\nBcc: carol@example.org\nSubject: blind\n\ntext\n',
  dots: `From: steve@example.com\nTo: bob@example.net\nSubject: dots\nX-Sealdrop-Case: clear\n\n.one\n..two\nGrüße\n${'long '.repeat(400)}\n`,
  bulk: 'From: steve@example.com\nTo: bob@example.net\nSubject: bulk\nX-Sealdrop-Case: bulk\n\ntext\n',
  hostile:
    'From: steve@example.com\nTo: bob@example.net\nSubject: hostile\nX-Sender: mallory@example.org\nX-RECEIVER:\n mallory@example.org\nx-sender-override: mallory@example.org\nX-EnvId: theirs\nX-Job: theirs\nx-virtual-mta: theirs\nX-DKIM-Options: s=theirs\nx-dkim-key: -----BEGIN\nx-schedule: never\nX-Sealdrop-Case: clear\n\ntext\n',
};

const HELD: Readonly<Record<string, string>> = {
  'null-sender-in-pickup': 'x-sender: <>\nx-receiver: bob@example.net\nFrom: steve@example.com\nTo: bob@example.net\n\ntext\n',
  'smtputf8-in-pickup': 'From: steve@example.com\nTo: jürgen@example.net\nX-Sealdrop-Case: clear\n\ntext\n',
  'bad-control-header': 'From: steve@example.com\nTo: bob@example.net\nX-Job: two words\n\ntext\n',
  'bad-address': 'x-receiver: bob@example.net\nx-receiver: not an address\nFrom: steve@example.com\nTo: bob@example.net\n\ntext\n',
};

let site: Site;
let files: Map<string, { name: string; bytes: Buffer; mail: PickupMail }[]>;

const newSiteFor = (pickup: readonly string[] = []) => new Site({ senders: [steve], recipients: [bob, carol], config: CONFIG, pickup });
const fileOf = (name: string) => {
  const [only, ...others] = files.get(name) ?? [];
  if (only === undefined || others.length > 0) throw new Error(`${name} has ${others.length + 1} files`);
  return only;
};
const allFiles = () => [...files.values()].flat();
const headLinesOf = (bytes: Buffer) => (/^(?:x-[a-z-]+: .*\r\n)+/.exec(bytes.toString('latin1'))?.[0] ?? '').trimEnd().split('\r\n');
const headerOf = ({ message }: PickupMail) => message.toString('latin1').split('\r\n\r\n')[0] ?? '';

function filesBySubject(): typeof files {
  const found: typeof files = new Map();
  for (const [name, bytes] of site.sealed()) {
    const mail = parsePickupFile(name, bytes);
    const subject = /^Subject: (.*)\r$/m.exec(headerOf(mail))?.[1] ?? '';
    found.set(subject, [...(found.get(subject) ?? []), { name, bytes, mail }]);
  }
  return found;
}

beforeAll(async () => {
  site = newSiteFor();
  for (const [name, text] of Object.entries({ ...SUBMITTED, ...HELD })) site.drop(`${name}.eml`, text);
  expect((await runOnce(site)).status).toBe(65);
  files = filesBySubject();
});
afterAll(() => site.remove());

describe('the pickup file', () => {
  test('fact 1: x-sender is its first line, with nothing before it, whatever the submitted message began with', () => {
    expect(allFiles().length).toBe(7);
    for (const { bytes } of allFiles()) expect(bytes.subarray(0, 29).toString('latin1')).toBe('x-sender: steve@example.com\r\n');
  });

  test('fact 2: has one x-receiver a line, at least one, before the header', () => {
    for (const { bytes, mail } of allFiles()) {
      const receivers = headLinesOf(bytes).filter((line) => line.startsWith('x-receiver: '));
      expect(receivers.length).toBeGreaterThan(0);
      expect(receivers).toEqual(mail.receivers.map((address) => `x-receiver: ${address}`));
    }
  });

  test('fact 3: has bare addresses, also where they were submitted in brackets or with names; Replay files have brackets', () => {
    expect(fileOf('brackets').mail).toMatchObject({ sender: 'steve@example.com', receivers: ['bob@example.net'] });
    expect(fileOf('plain').mail.receivers).toEqual(['bob@example.net']);
    const values = { sender: 'a@example.com', recipients: ['b@example.net'], envid: '1' };
    expect(codeOf(() => pickupHead(pickupProfile('powermta'), { ...values, recipients: ['B <b@example.net>'] }))).toBe(
      'bad-envelope-value',
    );
    expect(pickupHead(pickupProfile('exchange-replay'), values).toString()).toMatch(
      /^X-Sender: <a@example\.com> .*\r\nX-Receiver: <b@example\.net>\r\n$/,
    );
  });

  test('fact 4: goes on with the header without a blank line, and has one before the body', () => {
    for (const { bytes } of allFiles()) {
      const lines = bytes.toString('latin1').split('\r\n');
      expect(lines[headLinesOf(bytes).length]).toMatch(/^[A-Z][!-9;-~]*: /);
      const blank = lines.indexOf('');
      expect(lines.slice(0, blank).every((line) => /^[!-9;-~]+:|^[ \t]/.test(line))).toBe(true);
      expect(lines[blank + 1]).not.toBe('');
    }
  });

  test('fact 9: is for at most 5,000 recipients; the message is divided above that', async () => {
    const many = newSiteFor();
    const receivers = Array.from({ length: 5001 }, (_, n) => `x-receiver: r${n}@example.net\n`).join('');
    many.drop('a.eml', `${receivers}From: steve@example.com\nTo: list@example.net\nX-Sealdrop-Case: clear\n\ntext\n`);
    expect((await runOnce(many)).status).toBe(0);
    const mails = [...many.sealed()].map(([name, bytes]) => parsePickupFile(name, bytes));
    many.remove();
    expect(mails.map((mail) => mail.receivers.length)).toEqual([5000, 1]);
    expect(new Set(mails.flatMap((mail) => mail.receivers)).size).toBe(5001);
  });

  test('fact 11: has no line that begins with a dot, so that pickup-remove-dot changes nothing', () => {
    const { name, bytes, mail } = fileOf('dots');
    expect(bytes.toString('latin1')).not.toMatch(/^\./m);
    expect(parsePickupFile(name, bytes, { removeDot: true }).message.equals(mail.message)).toBe(true);
  });

  test('fact 12: is CRLF, 7-bit, with lines of at most 998 octets, whatever was submitted', async () => {
    for (const { bytes } of allFiles()) {
      expect(await byteFacts(octetsOf(bytes))).toEqual({ fault: undefined, eightBit: false });
      expect(() => assertPickupFile(bytes)).not.toThrow();
    }
  });

  test('fact 13: carries no control header of the message itself but those that policy passes, folded or in any case', () => {
    const { bytes, mail } = fileOf('hostile');
    expect(mail).toMatchObject({ sender: 'steve@example.com', receivers: ['bob@example.net'], job: 'theirs', virtualMta: 'theirs' });
    expect(bytes.toString('latin1')).not.toMatch(/mallory|x-sender-override|x-schedule/i);
    expect(headerOf(mail)).not.toMatch(/^x-(?:sender|receiver|sender-override|envid|job|virtual-mta|dkim-options|dkim-key|schedule)\s*:/im);
  });

  test('fact 14: is not written with an envelope value that could become another line', () => {
    const values = { sender: 'a@example.com', recipients: ['b@example.net'], envid: '1' };
    for (const text of ['\r\nx-receiver: c@example.org', '\n', '\r', '\0', ' ', '\t']) {
      for (const change of [
        { sender: `a${text}@example.com` },
        { recipients: [`b@example.net${text}`] },
        { envid: `1${text}` },
        { job: `j${text}` },
      ]) {
        expect(codeOf(() => pickupHead(pickupProfile('powermta'), { ...values, ...change }))).toBe('bad-envelope-value');
      }
    }
  });

  test('fact 15: has at most one x-job, of one printable word; another is refused before anything is handed over', () => {
    expect(
      fileOf('bulk')
        .bytes.toString('latin1')
        .match(/^x-job: .*\r$/gm),
    ).toEqual(['x-job: invoices-2026-11\r']);
    expect(heldCodes()).toContain('bad-control-header');
  });

  test('fact 16: carries our id as x-envid, and in its name', () => {
    for (const { name, mail } of allFiles()) expect(name).toMatch(new RegExp(`^${mail.envid}-\\d+\\.eml$`));
  });

  test('fact 17: carries x-virtual-mta, x-job and x-dkim-options only where a rule or the passed submission says so', () => {
    expect(fileOf('bulk').mail).toMatchObject({ virtualMta: 'mta7', job: 'invoices-2026-11', dkimOptions: undefined });
    expect(fileOf('plain').mail).toMatchObject({ virtualMta: undefined, job: undefined, dkimOptions: undefined });
    const example = readFileSync('deploy/powermta/config.example', 'utf8');
    for (const name of ['x-envid', 'x-job', 'x-virtual-mta', 'x-dkim-options']) expect(example).toMatch(new RegExp(`process-${name} yes`));
  });

  test('fact 18: never carries x-dkim-key', () => {
    for (const { bytes } of allFiles()) expect(bytes.toString('latin1')).not.toMatch(/x-dkim-key/i);
  });

  test('fact 19: names no blind recipient but in the x-receiver line of its own file', () => {
    const pair = files.get('blind') ?? [];
    expect(pair.map(({ mail }) => mail.receivers)).toEqual([['bob@example.net'], ['carol@example.org']]);
    for (const { mail } of pair) expect(mail.message.toString('latin1')).not.toMatch(/carol|^bcc:/im);
  });

  test.each(['HELO x', 'EHLO x', 'MAIL FROM:<a@example.com>', 'XMRG FROM:<a@example.com>', 'XACK OFF'])(
    'fact 20: never begins like batch SMTP, also if the submitted message begins with %s',
    async (command) => {
      const other = newSiteFor();
      other.drop('a.eml', `${command}\r\n${SUBMITTED.bulk?.replaceAll('\n', '\r\n')}`);
      await runOnce(other);
      const starts = [...other.sealed().values()].map((bytes) => bytes.toString('latin1', 0, 10));
      other.remove();
      expect(starts.every((start) => start === 'x-sender: ')).toBe(true);
    },
  );

  test('fact 21: is not written for the null sender or SMTPUTF8 addresses: a clear error leads to SMTP', () => {
    const held = site.quarantined().map(({ facts }) => facts);
    for (const code of ['null-sender-in-pickup', 'smtputf8-in-pickup']) {
      expect(held.find((facts) => facts.code === code)?.cure).toContain('via: smtp');
    }
  });

  test('fact 22: is not written when one recipient’s address is not valid: the whole message is held first', () => {
    expect(heldCodes()).toContain('bad-address');
    expect(heldCodes().toSorted()).toEqual(Object.keys(HELD).toSorted());
  });

  test('fact 23: has From, To or Cc, Date, Message-ID and MIME-Version, also if the submitted message had not', () => {
    for (const { mail } of allFiles()) {
      const names = [...headerOf(mail).matchAll(/^([!-9;-~]+):/gm)].map(([, name = '']) => name.toLowerCase());
      expect(names).toEqual(expect.arrayContaining(['from', 'to', 'date', 'message-id', 'mime-version']));
    }
  });

  function heldCodes(): unknown[] {
    return site.quarantined().map(({ facts }) => facts.code);
  }
});

describe('the pickup directory', () => {
  test('fact 5: shows a file only when it is whole: what is read at first sight is what was recorded before', async () => {
    const other = newSiteFor();
    const daemon = startDaemon(other);
    await daemon.untilOutput(/watching the outbox/);
    other.drop('a.eml', `From: steve@example.com\nTo: bob@example.net\nSubject: large\n\n${'text of a large message\n'.repeat(300_000)}`);
    let seen: Buffer | undefined;
    const deadline = Date.now() + 30_000;
    while (seen === undefined && Date.now() < deadline) {
      const [name] = readdirSync(other.pickup).filter((each) => each.endsWith('.eml'));
      if (name !== undefined) seen = readFileSync(join(other.pickup, name));
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await daemon.terminate();
    const details = readFileSync(join(other.spool, 'audit', detailsFile(other)), 'utf8');
    other.remove();
    expect(seen?.length).toBeGreaterThan(5_000_000);
    expect(details).toContain(
      createHash('sha256')
        .update(seen ?? '')
        .digest('hex'),
    );
  });

  test('fact 6: never holds the staging directory', () => {
    const inside = join(site.pickup, 'staging');
    mkdirSync(inside);
    expect(codeOf(() => checkPickup({ directory: site.pickup, staging: inside, bad: site.bad }))).toBe('pickup-layout');
  });

  test('fact 7: shows nothing but finished files, to an MTA that takes dot-files and temporary names as well', async () => {
    const other = newSiteFor();
    const mta = new PickupMta({ pickup: other.pickup, bad: other.bad, everyMs: 1 });
    for (let n = 0; n < 30; n++) other.drop(`${n}.eml`, SUBMITTED.bulk ?? '');
    expect((await runOnce(other)).status).toBe(0);
    await mta.stop();
    other.remove();
    expect(mta.refused.size).toBe(0);
    expect(mta.taken).toHaveLength(30);
    for (const { name } of mta.taken) expect(name).toMatch(/^[0-9a-f-]{36}-1\.eml$/);
  });

  test('fact 8: gets a file whose bytes and name are durable in staging, and is synced itself after the rename', async () => {
    const { name, at, syncedBefore, syncedAfter, paths } = await handedOverOnce();
    const renames = at('rename', join(paths.staging, name), join(paths.pickup, name));
    expect(renames).toHaveLength(1);
    for (const path of [join(paths.staging, name), paths.staging]) expect(syncedBefore(path, renames[0])).toBe(true);
    for (const path of [paths.pickup, paths.staging]) expect(syncedAfter(path, renames[0])).toBe(true);
  });

  test('fact 26: has it before our copy goes; so have the archive, and the records before and after', async () => {
    const { name, calls, at, syncedBefore, syncedAfter, paths } = await handedOverOnce();
    const id = name.slice(0, 36);
    const [renamed = -1] = at('rename', join(paths.staging, name), join(paths.pickup, name));
    const [removed = -1] = at('unlink', join(paths.spool, 'work', `${id}.eml`));
    const linked = calls.findIndex(({ call, to = '' }) => call === 'link' && to.includes('/archive/') && to.includes(id));
    const chain = calls.find(({ path }) => path.endsWith('.chain.jsonl'))?.path ?? '';
    expect([linked !== -1, linked < renamed, renamed < removed]).toEqual([true, true, true]);
    expect(syncedBefore(dirname(calls[linked]?.to ?? ''), renamed)).toBe(true);
    expect(syncedBefore(chain, renamed)).toBe(true);
    for (const path of [paths.pickup, paths.staging, chain]) expect(syncedAfter(path, renamed, removed)).toBe(true);
  });

  test('fact 10: is one, with one bad directory: the configuration knows no second', async () => {
    const other = newSiteFor();
    other.configure(CONFIG, [`directory: [${other.pickup}, ${other.pickup}2]`]);
    const run = await sealdrop(['run', '-c', other.configFile, '--once']);
    other.remove();
    expect(run.status).toBe(78);
    const directives = readFileSync('deploy/powermta/config.example', 'utf8').match(/^\s*pickup\s+\S+\s+\S+/gim);
    expect(directives).toHaveLength(1);
  });

  test('fact 24: holds files that the MTA’s group may read and its user may remove', async () => {
    const other = newSiteFor();
    const gid = process.getuid?.() === 0 ? 65_534 : statSync(other.staging).gid;
    for (const path of [other.staging, other.pickup]) {
      chownSync(path, -1, gid);
      chmodSync(path, 0o2770);
    }
    other.drop('a.eml', SUBMITTED.plain ?? '');
    expect((await runOnce(other)).status).toBe(0);
    const [name = ''] = other.pickedUp();
    const stats = statSync(join(other.pickup, name));
    const sticky = statSync(other.pickup).mode & 0o1000;
    unlinkSync(join(other.pickup, name));
    other.remove();
    expect([(stats.mode & 0o777).toString(8), stats.gid, sticky]).toEqual(['640', gid, 0]);
  });

  test('fact 25: is not given again what the MTA refused: that is matched, recorded and held', async () => {
    const other = newSite('', 'info', ['settleBadMs: 200ms']);
    let attempts = 0;
    const mta = new PickupMta({
      pickup: other.pickup,
      bad: other.bad,
      take: () => {
        attempts++;
        throw new PickupRefusal('suppressed');
      },
    });
    const daemon = startDaemon(other);
    await daemon.untilOutput(/watching the outbox/);
    other.drop('a.eml', 'From: steve@example.com\nTo: bob@example.net\nSubject: one\n\ntext\n');
    await daemon.untilOutput(/rejected-by-mta/);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await daemon.terminate();
    await runOnce(other);
    await mta.stop();
    const rejected = other.auditRecords().filter(({ event }) => event === 'rejected');
    const held = readdirSync(join(other.spool, 'quarantine', 'sealed')).filter((name) => name.endsWith('.eml'));
    other.remove();
    expect([attempts, rejected.length, held.length]).toEqual([1, 1, 1]);
  });
});

describe('other ways', () => {
  test('fact 27: Momentum is refused as a pickup directory, with the way there is', async () => {
    const other = newSiteFor(['profile: momentum']);
    const run = await sealdrop(['run', '-c', other.configFile, '--once']);
    other.remove();
    expect(run.status).toBe(78);
    expect(run.stderr).toContain('momentum has no pickup directory that it reads; set delivery.via to smtp');
  });

  test('fact 28: X-MSYS-API switches both trackings off, is valid JSON, and is folded at blanks', () => {
    const field = msysApiField(
      'sparkpost',
      JSON.stringify({ options: { open_tracking: true, click_tracking: true }, tags: Array.from({ length: 300 }, (_, n) => `t${n}`) }),
    );
    const lines = field.slice(0, -2).split('\r\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.slice(1).every((line) => line.startsWith(' ') && line.length <= 998)).toBe(true);
    const { options } = JSON.parse(field.replaceAll('\r\n', '').replace(/^X-MSYS-API:/, '')) as { options: object };
    expect(options).toMatchObject({ open_tracking: false, click_tracking: false });
  });

  test('fact 29: the SparkPost API gets both trackings and substitutions off', async () => {
    const stub = await startSparkpost();
    const delivery = new SparkpostDelivery({ host: stub.host, apiKey: 'test-api-key' });
    await delivery.send(copyTo('bob@example.net'));
    await delivery.close();
    expect(stub.taken[0]).toMatchObject({ options: { open_tracking: false, click_tracking: false, perform_substitutions: false } });
  });
});

describeWithMounts('staging on another mount than pickup', () => {
  test('fact 6: is an error, never a copy: nothing appears in pickup, the mail stays in the outbox', async () => {
    const other = newSiteFor();
    renameSync(other.staging, `${other.staging}.old`);
    mountTiny(other.staging, 4096);
    other.configure(`allowVolatile: true\n${CONFIG}`);
    other.drop('a.eml', SUBMITTED.plain ?? '');
    const run = await runOnce(other);
    expect(run.status).toBe(78);
    expect(run.stderr).toContain('different mounts');
    expect(other.pickedUp()).toEqual([]);
    expect(other.waiting()).toEqual(['a.eml']);
  });
});

/** What a daemon does to files while it hands over one message, in order. */
async function handedOverOnce() {
  const other = newSiteFor();
  const noted = noteFileCalls(other.directory);
  other.drop('a.eml', SUBMITTED.plain ?? '');
  expect((await runOnce(other, { env: noted.env })).status).toBe(0);
  const [name = ''] = other.pickedUp();
  const calls = noted.calls();
  const { staging, pickup, spool } = other;
  other.remove();
  const at = (call: string, path: string, to?: string) =>
    calls.flatMap((each, index) => (each.call === call && each.path === path && each.to === to ? [index] : []));
  const syncedBefore = (path: string, index = -1) => at('fsync', path).some((each) => each < index);
  const syncedAfter = (path: string, index = calls.length, end = calls.length) =>
    at('fsync', path).some((each) => each > index && each < end);
  return { name, calls, at, syncedBefore, syncedAfter, paths: { staging, pickup, spool } };
}

function detailsFile(other: Site): string {
  return readdirSync(join(other.spool, 'audit')).find((name) => name.endsWith('.details.jsonl')) ?? '';
}
