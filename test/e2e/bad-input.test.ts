import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { healthOf } from '../daemon/health-of.js';
import { runOnce, startDaemon } from '../kit/daemon.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { type Quarantined, Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { describeAsNobody, nobody } from './users.js';

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const inThePast = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
const MiB = 1 << 20;

function letter({ from = 'steve@example.com', to = 'bob@example.net', subject = 'good', head = '' } = {}): string {
  return `${head}From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\ntext\r\n`;
}

describe('a message that cannot be sent is held with its reason, and other mail goes its way', () => {
  const cases: [file: string, code: string, bytes: string][] = [
    ['no-from.eml', 'no-sender', 'To: bob@example.net\r\n\r\ntext\r\n'],
    ['no-recipients.eml', 'no-recipients', 'From: steve@example.com\r\n\r\ntext\r\n'],
    ['only-groups.eml', 'no-recipients', 'From: steve@example.com\r\nTo: undisclosed-recipients:;\r\n\r\ntext\r\n'],
    ['no-certificate.eml', 'missing-certificate', letter({ to: 'nobody@example.net' })],
    ['one-without-certificate.eml', 'missing-certificate', letter({ to: 'bob@example.net, nobody@example.net' })],
    ['expired-certificate.eml', 'certificate-expired', letter({ to: 'expired@example.net' })],
    ['no-identity.eml', 'missing-identity', letter({ from: 'stranger@example.com' })],
    ['expired-identity.eml', 'certificate-expired', letter({ from: 'expired@example.com' })],
    ['wrong-passphrase.eml', 'wrong-passphrase', letter({ from: 'locked@example.com' })],
    ['open-key.eml', 'key-permissions', letter({ from: 'careless@example.com' })],
    ['empty.eml', 'empty-message', ''],
    ['only-blanks.eml', 'ambiguous-header', '\r\n\r\n'],
    [
      'cr-in-receiver.eml',
      'ambiguous-header',
      letter({ head: 'x-sender: steve@example.com\r\nx-receiver: bob@example.net\rx-receiver: eve@example.net\r\n' }),
    ],
    ['nul-in-receiver.eml', 'ambiguous-header', letter({ head: 'x-sender: steve@example.com\r\nx-receiver: bob@example.net\0\r\n' })],
    [
      'folded-receiver.eml',
      'bad-address',
      letter({ head: 'x-sender: steve@example.com\r\nx-receiver: bob@example.net\r\n x-receiver: eve@example.net\r\n' }),
    ],
    ['named-receiver.eml', 'bad-address', letter({ head: 'x-sender: steve@example.com\r\nx-receiver: Bob <bob@example.net> x\r\n' })],
    ['two-froms.eml', 'ambiguous-header', `From: alice@example.com\r\n${letter()}`],
    ['no-mail.eml', 'ambiguous-header', 'This is not a mail at all.\r\n'],
  ];
  let site: Site;
  let held: Map<unknown, Quarantined>;

  beforeAll(async () => {
    site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }\nlog: { format: text }' });
    writeRecipient(site.keys, pki.issue({ address: 'expired@example.net', ...inThePast }));
    writeIdentity(site.keys, pki.issue({ address: 'expired@example.com', ...inThePast }));
    writeIdentity(site.keys, pki.issue({ address: 'locked@example.com' }), { passphrase: 'right' });
    writeFileSync(join(site.keys, 'locked@example.com.pass'), 'wrong\n', { mode: 0o600 });
    const [careless = ''] = writeIdentity(site.keys, pki.issue({ address: 'careless@example.com' }));
    chmodSync(careless, 0o640);
    for (const [n, [file, , bytes]] of cases.entries()) {
      site.drop(file, bytes);
      site.drop(`good-${n}.eml`, letter({ subject: `good ${n}` }));
    }
    writeFileSync(join(site.spool, 'outbox', 'tmp', 'large.eml'), letter());
    truncateSync(join(site.spool, 'outbox', 'tmp', 'large.eml'), 101 * MiB);
    renameSync(join(site.spool, 'outbox', 'tmp', 'large.eml'), join(site.spool, 'outbox', 'new', 'large.eml'));
    const run = await runOnce(site);
    expect(run.status).toBe(65);
    held = new Map(site.quarantined().map((each) => [each.facts.file, each]));
  });
  afterAll(() => site.remove());

  test.each(cases)('%s: %s', (file, code, bytes) => {
    const found = held.get(file);
    expect(found?.facts).toMatchObject({ file, code, uid: process.getuid?.(), attempts: 1 });
    expect(found?.facts.message).toMatch(/\S{2,} \S/);
    expect(found?.facts.cure).toMatch(/^[A-Z].{10}/);
    expect(Date.parse(String(found?.facts.time))).toBeGreaterThan(Date.now() - 600_000);
    expect(found?.original.toString('latin1')).toBe(Buffer.from(bytes).toString('latin1'));
  });

  test('a message over the limit (101 MiB): too-large', () => {
    const found = held.get('large.eml');
    expect(found?.facts).toMatchObject({ code: 'too-large' });
    expect(found?.original.length).toBe(101 * MiB);
    expect(found?.original.subarray(0, letter().length).toString()).toBe(letter());
  });

  test('nothing else is held, nothing of it was sent or archived, and every good message was', () => {
    expect(held.size).toBe(cases.length + 1);
    expect(site.pickedUp()).toHaveLength(cases.length);
    expect([...site.archived().values()].map(String).sort()).toEqual(cases.map((_, n) => letter({ subject: `good ${n}` })).sort());
    expect(site.waiting()).toEqual([]);
    expect(readdirSync(join(site.spool, 'work', 'in'))).toEqual([]);
  });
});

describe('what is no complete mail file stays where it is, with its reason, and other mail goes its way', () => {
  let site: Site;
  afterEach(() => site.remove());

  test('a symbolic link, a FIFO and a socket wait; directories, dot-files, *.tmp and *.part are passed over', async () => {
    site = newSite();
    for (const door of ['outbox', 'outbox/new']) {
      const at = (name: string) => join(site.spool, door, name);
      writeFileSync(join(site.directory, 'secret'), letter({ subject: 'secret' }));
      symlinkSync(join(site.directory, 'secret'), at('link.eml'));
      execFileSync('mkfifo', [at('fifo.eml')]);
      mkdirSync(at('directory.eml'));
      writeFileSync(join(at('directory.eml'), 'inside.eml'), letter());
      for (const name of ['.dot.eml', 'a.eml.tmp', 'b.eml.part']) writeFileSync(at(name), letter());
      writeFileSync(at('good.eml'), letter());
    }
    const daemon = startDaemon(site);
    const report = await waitFor('both doors’ files in health', async () => {
      const found = await healthOf(site);
      return found.waitingFiles.length >= 4 && site.pickedUp().length === 2 ? found : undefined;
    });
    await daemon.terminate();
    const reasons = report.waitingFiles.map(({ door, file, code }) => `${door} ${file} ${code}`);
    expect(reasons.sort()).toEqual([
      'new fifo.eml not-a-file',
      'new link.eml symbolic-link',
      'outbox fifo.eml not-a-file',
      'outbox link.eml symbolic-link',
    ]);
    expect(report.waitingFiles.every(({ cure }) => /^[A-Z].*\.$/.test(cure))).toBe(true);
    expect(daemon.stderr).toMatch(/link\.eml is a symbolic link/);
    for (const door of ['outbox', 'outbox/new']) {
      const left = readdirSync(join(site.spool, door)).filter((name) => name !== 'new' && name !== 'tmp');
      expect(left.sort()).toEqual(['.dot.eml', 'a.eml.tmp', 'b.eml.part', 'directory.eml', 'fifo.eml', 'link.eml']);
      expect(lstatSync(join(site.spool, door, 'link.eml')).isSymbolicLink()).toBe(true);
    }
    expect([...site.archived().values()].map(String)).toEqual([letter(), letter()]);
  });

  test('run --once says with 75 that something waits', async () => {
    site = newSite();
    symlinkSync('/nowhere', join(site.spool, 'outbox', 'new', 'link.eml'));
    site.drop('good.eml', letter());
    const run = await runOnce(site);
    expect(run.status).toBe(75);
    expect(site.pickedUp()).toHaveLength(1);
  });

  test('a file with a second name waits, and is held if it keeps it; the other name is not touched', async () => {
    site = newSite('outbox: { settleMs: 100, incompleteMs: 3s, rescanMs: 100 }');
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    const other = join(site.directory, 'other-name');
    writeFileSync(other, letter({ subject: 'linked' }));
    linkSync(other, join(site.spool, 'outbox', 'new', 'linked.eml'));
    await daemon.untilOutput(/linked\.eml has 2 hard links/);
    site.drop('good.eml', letter());
    await daemon.untilOutput(/quarantined: linked\.eml kept 2 hard links/);
    await daemon.until('the good one', () => site.pickedUp().length === 1);
    await daemon.terminate();
    expect(site.quarantined().map(({ facts }) => facts.code)).toEqual(['more-than-one-link']);
    expect(readFileSync(other, 'utf8')).toBe(letter({ subject: 'linked' }));
  });

  test('a file that is linked and then unlinked, as some droppers do, is sent', async () => {
    site = newSite('outbox: { rescanMs: 100 }');
    const draft = join(site.spool, 'outbox', 'tmp', 'draft');
    writeFileSync(draft, letter());
    linkSync(draft, join(site.spool, 'outbox', 'new', 'linked.eml'));
    const daemon = startDaemon(site);
    await daemon.untilOutput(/linked\.eml has 2 hard links/);
    unlinkSync(draft);
    await daemon.until('it to be sent', () => site.pickedUp().length === 1);
    expect(
      (await waitFor('health without it', async () => (await healthOf(site)).waitingFiles.length === 0)) && site.quarantined(),
    ).toEqual([]);
    await daemon.terminate();
  });
});

describe('a file that is still being written into outbox/', () => {
  const whole =
    'From: steve@example.com\r\nTo: bob@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
    `--b\r\n\r\n${'line of text\r\n'.repeat(500)}--b\r\nContent-Type: text/html\r\n\r\n<p>more</p>\r\n--b--\r\n`;
  let site: Site;
  afterEach(() => site.remove());

  test('is not taken while its writer makes pauses longer than settleMs between the parts, and is then sent whole', async () => {
    site = newSite('outbox: { settleMs: 100, incompleteMs: 60s, rescanMs: 100 }');
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    const path = site.dropAtOnce('slow.eml', '');
    for (const end of [200, 3000, whole.length - 4]) {
      appendFileSync(path, whole.slice(readFileSync(path).length, end));
      // Seen, settled, looked into and left: only then does the writer go on.
      await waitFor('the file to be looked at', async () => {
        const looked = lstatSync(path).ctimeMs + 100;
        const { waitingFiles } = await healthOf(site);
        return Date.now() > looked + 200 && waitingFiles.some(({ file, code }) => file === 'slow.eml' && code === 'looks-incomplete');
      });
      expect(site.pickedUp()).toEqual([]);
    }
    appendFileSync(path, whole.slice(readFileSync(path).length));
    await daemon.until('it to be sent', () => site.pickedUp().length === 1);
    await daemon.terminate();
    expect([...site.archived().values()].map(String)).toEqual([whole]);
    expect(site.quarantined()).toEqual([]);
  });

  test('is taken settleMs after its last octet, not before', async () => {
    const settleMs = 1500;
    site = newSite(`outbox: { settleMs: ${settleMs}, rescanMs: 100 }`);
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    const path = site.dropAtOnce('steady.eml', letter());
    let written = letter();
    const until = Date.now() + settleMs * 1.5;
    await waitFor('the writer to end', () => {
      appendFileSync(path, 'one more line\r\n');
      written += 'one more line\r\n';
      return Date.now() > until;
    });
    const ended = Date.now();
    await daemon.until('it to be sent', () => site.pickedUp().length === 1);
    expect(Date.now() - ended).toBeGreaterThan(settleMs - 100);
    await daemon.terminate();
    expect([...site.archived().values()].map(String)).toEqual([written]);
  });

  test('is held as looks-truncated when its writer never ends it, and good mail is not kept waiting by it', async () => {
    site = newSite('outbox: { settleMs: 100, incompleteMs: 2s, rescanMs: 100 }');
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    site.dropAtOnce('cut.eml', whole.slice(0, 3000));
    await daemon.untilOutput(/left in the outbox: cut\.eml lacks the closing boundary/);
    site.dropAtOnce('good.eml', letter());
    await daemon.until('the good one', () => site.pickedUp().length === 1);
    expect(existsSync(join(site.spool, 'outbox', 'cut.eml'))).toBe(true);
    await daemon.untilOutput(/looks-truncated/);
    await daemon.until('the cut one to be held', () => site.quarantined().length === 1);
    await daemon.terminate();
    expect(site.quarantined()[0]?.facts).toMatchObject({ code: 'looks-truncated', file: 'cut.eml' });
    expect(site.quarantined()[0]?.original.toString()).toBe(whole.slice(0, 3000));
  });
});

describe('file names', () => {
  let site: Site;
  afterEach(() => site.remove());

  test('of any octets are taken from both doors, and told so that no terminal is fooled', async () => {
    site = newSite('outbox: { settleMs: 0ms }');
    const names = [
      '\xff\xfe.eml',
      'a\nb.eml',
      'c\x1b[31m.eml',
      ' .eml',
      '-rf.eml',
      'n'.repeat(255),
      Buffer.from('Grüße 😀.eml').toString('latin1'),
    ];
    for (const door of ['outbox', 'outbox/new']) {
      for (const name of names) {
        writeFileSync(Buffer.from(`${site.spool}/${door}/${name}`, 'latin1'), letter({ subject: 'good' }));
        // The same names again for mail that is held, since that tells the name.
        writeFileSync(Buffer.from(`${site.spool}/${door}/${name.slice(0, 254)}x`, 'latin1'), 'no mail\r\n');
      }
    }
    const run = await runOnce(site);
    expect(run.status).toBe(65);
    expect(site.pickedUp()).toHaveLength(names.length * 2);
    expect(site.waiting()).toEqual([]);
    const told = site.quarantined().map(({ facts }) => String(facts.file));
    expect(told).toHaveLength(names.length * 2);
    expect(told).toContain('a\\x0ab.emlx');
    expect(told).toContain('c\\x1b[31m.emlx');
    expect(told).toContain('Grüße 😀.emlx');
    expect(run.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});

describeAsNobody('a file that sealdrop’s user cannot read', () => {
  let site: Site;
  afterEach(() => site.remove());

  test('stays where it is, health names file, reason and cure, good mail is sent, and it follows once it is readable', async () => {
    site = newSite('outbox: { rescanMs: 100 }');
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    const path = site.drop('private.eml', letter({ subject: 'private' }));
    chmodSync(path, 0o600);
    const good = site.drop('good.eml', letter());
    chmodSync(good, 0o644);
    const daemon = startDaemon(site, { uid: nobody, gid: nobody });
    const waiting = await waitFor('the file in health', async () => (await healthOf(site)).waitingFiles[0], {
      describe: () => daemon.stderr,
    });
    expect(waiting).toMatchObject({ file: 'private.eml', door: 'new', code: 'unreadable', text: 'private.eml cannot be read' });
    expect(waiting.cure).toContain('chmod');
    await daemon.until('the good one', () => site.pickedUp().length === 1);
    expect(readFileSync(path, 'utf8')).toBe(letter({ subject: 'private' }));
    chmodSync(path, 0o644);
    await daemon.until('the other one', () => site.pickedUp().length === 2);
    await waitFor('health without it', async () => (await healthOf(site)).waitingFiles.length === 0);
    await daemon.terminate();
  });

  test('under --once ends with 75, and is named in the log', async () => {
    site = newSite();
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    chmodSync(site.drop('private.eml', letter()), 0o600);
    const run = await runOnce(site, { uid: nobody, gid: nobody });
    expect(run.status).toBe(75);
    expect(run.stderr).toMatch(/left in the outbox: private\.eml cannot be read/);
    expect(site.waiting()).toEqual(['private.eml']);
    expect(site.quarantined()).toEqual([]);
  });
});

function newSite(config = ''): Site {
  return new Site({ senders: [steve], recipients: [bob], config: `http: { listen: off }\nlog: { format: text }\n${config}` });
}
