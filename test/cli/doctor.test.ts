import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliveryChecks } from '../../src/cli/doctor/delivery-checks.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { loadConfig } from '../../src/config/load.js';
import { startScript, startSink } from '../delivery/servers.js';
import { sealdrop, startDaemon } from '../kit/daemon.js';
import { writeRecipient } from '../kit/key-files.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { waitFor } from '../kit/wait-for.js';
import { bob, noServer, pki, steve, toBob, write } from './people.js';

const quiet = 'http: { listen: off }';
let site: Site;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob], config: quiet });
});
afterEach(() => site.remove());

const doctor = (...args: string[]) => sealdrop(['doctor', '-c', site.configFile, ...args], { env: { ...noServer, NO_COLOR: undefined } });

async function findings(): Promise<Finding[]> {
  const run = await doctor('--json');
  const report = JSON.parse(run.stdout) as { errors: number; findings: Finding[] };
  expect(run.status).toBe(report.errors === 0 ? 0 : 78);
  expect(report.findings.filter(({ level, cure }) => (level === 'warning' || level === 'error') && cure === undefined)).toEqual([]);
  return report.findings;
}

/** The one finding that says so. */
async function finding(words: string | RegExp): Promise<Finding> {
  const all = await findings();
  const found = all.filter(({ text }) => (typeof words === 'string' ? text.includes(words) : words.test(text)));
  expect(found, JSON.stringify(all, null, 1)).toHaveLength(1);
  return found[0] as Finding;
}

describe('doctor on an installation that works', () => {
  it('finds no error, exits 0, and changes nothing', async () => {
    const before = [...readdirSync(site.directory, { recursive: true })].sort();
    const run = await doctor();
    expect(run.stdout).not.toMatch(/^error/m);
    expect(run.status).toBe(0);
    expect([...readdirSync(site.directory, { recursive: true })].sort()).toEqual(before);
  });

  it('says how long originals are kept, and what no rule is about', async () => {
    site.configure(
      `${quiet}\narchive: { retention: [{ when: { to: "*@bank.example" }, keep: 7 years }], purge: { schedule: daily at 03:30 } }`,
    );
    expect((await finding('7 years (to *@bank.example); then purged by the daemon, daily')).level).toBe('ok');
    expect((await finding('what no rule of archive.retention matches is kept for ever')).level).toBe('note');
    site.configure(`${quiet}\narchive: { purge: { schedule: daily at 03:30 } }`);
    expect((await finding('archive.purge has a schedule, and nothing is ever due')).level).toBe('warning');
  });

  it('says what has to be known: originals are kept for ever, and the guessing door guesses', async () => {
    const { stdout } = await doctor();
    expect(stdout).toMatch(/^note +archive +no retention is set: originals are kept for ever/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain('that it is whole is a guess');
  });

  it('says that originals are kept unencrypted, unless that is meant', async () => {
    expect((await finding('nothing says that this is meant')).level).toBe('warning');
    site.configure(`${quiet}\narchive: { plaintext: true }`);
    expect((await finding('as archive.plaintext says')).level).toBe('ok');
  });

  it('looks at who opens the archive, at the second location, and at what is kept for whom', async () => {
    const ec = pki.issue({ address: 'compliance-ec@example.com', key: 'p-256' });
    const soon = pki.issue({ address: 'soon@example.com', notAfter: new Date(Date.now() + 20 * 86_400_000) });
    const second = join(site.directory, 'second');
    mkdirSync(second);
    site.configure(
      `${quiet}\narchive: { encryptTo: [${ec.files.certificate}, ${soon.files.certificate}, /missing.crt], second: ${second}, keepSealed: full }`,
    );
    expect((await finding(`(EC P-256, ${ec.files.certificate})`)).level).toBe('ok');
    expect((await finding(`${soon.files.certificate} that the archive is encrypted to expires in`)).level).toBe('warning');
    expect((await finding('/missing.crt')).level).toBe('error');
    expect((await finding('elliptic curve key')).level).toBe('warning');
    expect((await finding('does not hold the mark')).cure).toContain('archive mark-second');
    site.configure(`${quiet}\narchive: { keepSealed: full, second: ${second} }`);
    await sealdrop(['archive', 'mark-second', '-c', site.configFile]);
    expect((await finding('only their recipients can open')).level).toBe('note');
    expect((await finding('on the same file system')).level).toBe('warning');
  });

  it('writes plain text without colours where nobody looks', async () => {
    expect((await doctor()).stdout).not.toContain('\x1b');
  });

  it('asks a running daemon for its health', async () => {
    const daemon = startDaemon(site);
    await waitFor('the daemon to answer', () => existsSync(join(site.spool, 'control.sock')), { describe: () => daemon.stderr });
    expect(await finding('runs; since its start')).toMatchObject({ level: 'ok', topic: 'daemon' });
    await daemon.terminate();
    expect(await finding('none runs on this spool')).toMatchObject({ level: 'note' });
  });
});

describe('doctor finds', () => {
  it('every fault of a configuration that does not load, with its line', async () => {
    site.configure('protect: { encrypt: maybe }\nworkers: many');
    const all = await findings();
    expect(all.map(({ level }) => level)).toEqual(['error', 'error']);
    expect(all[0]?.text).toMatch(/sealdrop\.yaml:\d+: protect\.encrypt: /);
    expect(all[1]?.text).toMatch(/sealdrop\.yaml:\d+: workers: /);
  });

  it('a configuration that everybody may change', async () => {
    chmodSync(site.configFile, 0o666);
    expect(await finding('every user may change')).toMatchObject({ level: 'error' });
  });

  it('a pickup directory that is not there', async () => {
    rmSync(site.pickup, { recursive: true });
    expect(await finding(site.pickup)).toMatchObject({ level: 'error', topic: 'pickup' });
  });

  it('files that the MTA has refused', async () => {
    write(site.bad, 'one.eml', toBob);
    expect(await finding('the MTA has refused 1 file:')).toMatchObject({ level: 'warning', topic: 'pickup' });
  });

  it('files that the MTA leaves in pickup for more than ten minutes', async () => {
    write(site.pickup, 'one.eml', toBob);
    const config = loadConfig(site.configFile, {});
    const warningsAfter = async (minutes: number) => {
      const all = await deliveryChecks(config, new Date(Date.now() + minutes * 60_000));
      return all.filter(({ level }) => level === 'warning').map(({ text }) => text);
    };
    expect(await warningsAfter(9)).toEqual([]);
    expect(await warningsAfter(11)).toEqual([`1 file has been lying in ${site.pickup} for over ten minutes`]);
  });

  it('a private key that others can read, with the chmod to run', async () => {
    const key = join(site.keys, 'steve@example.com.pem');
    chmodSync(key, 0o644);
    const all = await findings();
    expect(all).toContainEqual(expect.objectContaining({ level: 'error', topic: 'keys', cure: `Run: chmod 600 ${key}` }));
    expect(all.some(({ text }) => text.includes('no usable identity'))).toBe(true);
  });

  it('a certificate that expires within thirty days, and one that has expired', async () => {
    const day = 86_400_000;
    const [soon, gone] = [
      { address: 'soon@example.net', notAfter: new Date(Date.now() + 10.5 * day) },
      { address: 'gone@example.net', notBefore: new Date(Date.now() - 20 * day), notAfter: new Date(Date.now() - 10 * day) },
    ].map((spec) => pki.issue(spec));
    for (const issued of [soon, gone]) if (issued !== undefined) writeRecipient(site.keys, issued);
    const all = await findings();
    expect(all).toContainEqual(
      expect.objectContaining({ level: 'warning', text: 'the certificate of soon@example.net expires in 10 days' }),
    );
    expect(all.some(({ level, text }) => level === 'warning' && text.includes('gone@example.net') && text.includes('expired at'))).toBe(
      true,
    );
  });

  it('a keys directory that is not there', async () => {
    rmSync(site.keys, { recursive: true });
    expect(await finding('key directory')).toMatchObject({ level: 'error', topic: 'keys' });
  });

  it('a file in the keys directory that no address names', async () => {
    write(site.keys, 'README', 'hello');
    expect(await finding('README')).toMatchObject({ level: 'note', topic: 'keys' });
  });

  it('an outbox in which others could replace mail', async () => {
    chmodSync(join(site.spool, 'outbox', 'new'), 0o770);
    expect(await finding('not sticky')).toMatchObject({ level: 'error', topic: 'outbox' });
  });

  it('an outbox open to others while senders: says nothing', async () => {
    for (const name of ['outbox', 'outbox/new', 'outbox/tmp']) chmodSync(join(site.spool, name), 0o3730);
    expect(await finding('nothing says who may send as whom')).toMatchObject({ level: 'error', topic: 'outbox' });
  });

  it('a quarantine that others can read', async () => {
    mkdirSync(join(site.spool, 'quarantine'), { mode: 0o700 });
    chmodSync(join(site.spool, 'quarantine'), 0o755);
    expect(await finding('quarantine is open to others')).toMatchObject({ level: 'error', cure: expect.stringContaining('chmod 700') });
  });

  it('messages that are held', async () => {
    site.drop('bad.eml', 'no header here');
    await sealdrop(['run', '-c', site.configFile, '--once']);
    expect(await finding('1 message is held for a person')).toMatchObject({ level: 'warning', topic: 'queue' });
  });

  it('an audit trail from the future', async () => {
    mkdirSync(join(site.spool, 'audit'), { mode: 0o700 });
    const file = write(join(site.spool, 'audit'), '2030-01-01.chain.jsonl', '');
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(file, later, later);
    expect(await finding('behind the newest audit record')).toMatchObject({ level: 'error', topic: 'clock' });
  });

  it('senders: that names nobody of this machine', async () => {
    site.configure(`${quiet}\nsenders: { "*@example.com": [no-such-group-here] }`);
    expect(await finding('no-such-group-here')).toMatchObject({ level: 'warning', topic: 'senders' });
  });

  it('identities that nobody can send as', async () => {
    site.configure(`${quiet}\nsenders: { "*@billing.example": ["0"] }`);
    expect(await finding('covers steve@example.com')).toMatchObject({ level: 'note', topic: 'senders' });
  });

  it('a health page that other machines can see', async () => {
    site.configure('http: { listen: "0.0.0.0:8470" }');
    expect(await finding('open to other machines')).toMatchObject({ level: 'warning', topic: 'http' });
  });

  it('a program that is missing', async () => {
    const run = await sealdrop(['doctor', '-c', site.configFile, '--json'], { env: { ...noServer, PATH: site.pickup } });
    const { findings: all } = JSON.parse(run.stdout) as { findings: Finding[] };
    expect(all.some(({ level, text }) => level === 'error' && text.includes('flock is missing'))).toBe(true);
  });
});

describe('doctor looks at the further ways', () => {
  it('for their secrets and programs', async () => {
    site.configure(
      `  sparkpost: {}\n  sendmail: { program: ${site.directory}/sendmail }\n  kumomta: { url: "http://127.0.0.1:1" }\n${quiet}`,
    );
    expect(await finding('delivery.sparkpost has no API key')).toMatchObject({ level: 'warning', topic: 'sparkpost' });
    expect(await finding('cannot execute')).toMatchObject({ level: 'warning', topic: 'sendmail' });
    expect(await finding('delivery.kumomta is configured, and neither')).toMatchObject({ level: 'note', topic: 'kumomta' });
  });

  it('and calls it an error when mail needs them', async () => {
    site.configure(`  fallback: sparkpost\n  sparkpost: {}\n  sendmail: { program: /bin/cat }\n${quiet}`);
    expect(await finding('delivery.sparkpost has no API key')).toMatchObject({ level: 'error', topic: 'sparkpost' });
    expect(await finding('/bin/cat can be run')).toMatchObject({ level: 'ok' });
  });

  it('and does not take a directory for a program', async () => {
    site.configure(`  fallback: sendmail\n  sendmail: { program: ${site.directory} }\n${quiet}`);
    expect(await finding(`${site.directory} is not a file`)).toMatchObject({ level: 'error', topic: 'sendmail' });
  });

  it('and misses a password', async () => {
    site.configure(`  fallback: kumomta\n  kumomta: { url: "http://127.0.0.1:1", user: sealdrop }\n${quiet}`);
    expect(await finding('delivery.kumomta has a user and no password')).toMatchObject({ level: 'warning', topic: 'kumomta' });
  });
});

describe('doctor tries the SMTP server', () => {
  const smtp = (port: number) => `  smtp: { host: 127.0.0.1, port: ${port} }\n${quiet}`;

  it('that lets us in', async () => {
    site.configure(smtp((await startSink()).port));
    expect(await finding('lets us in, without TLS')).toMatchObject({ level: 'ok' });
  });

  it('that is not there: a warning while nothing uses it, an error when a rule does', async () => {
    site.configure(smtp(1));
    expect(await finding('cannot take mail now')).toMatchObject({ level: 'warning', topic: 'smtp' });
    site.configure(`${smtp(1)}\nrules: [{ name: all, when: {}, delivery: { via: smtp } }]`);
    expect(await finding('cannot take mail now')).toMatchObject({ level: 'error', topic: 'smtp' });
  });

  it('without sending anything', async () => {
    const script = await startScript({});
    site.configure(smtp(script.port));
    await findings();
    expect(script.commands.filter((command) => command.startsWith('MAIL'))).toEqual([]);
  });
});

describeWith(['root'], 'doctor run by root', () => {
  it('warns when sealdrop would run as root', async () => {
    expect(await finding('would run as root')).toMatchObject({ level: 'warning', topic: 'user' });
  });

  it('looks at everything as the user to whom the spool belongs', async () => {
    const uid = 65_534;
    for (const name of ['', 'outbox', 'outbox/tmp', 'outbox/new']) chownSync(join(site.spool, name), uid, uid);
    const all = await findings();
    expect(all).toContainEqual(expect.objectContaining({ level: 'note', topic: 'user', text: expect.stringContaining('looked at as') }));
    // Root itself would find nothing wrong with these.
    expect(all.some(({ level, topic }) => level === 'error' && topic === 'keys')).toBe(true);
    expect(all.some(({ level, topic }) => level === 'error' && topic === 'pickup')).toBe(true);
  });
});

describeWith(['root', 'setfacl'], 'doctor on an outbox for a group', () => {
  const group = 'games';
  const uid = 65_534;

  beforeEach(async () => {
    rmSync(site.spool, { recursive: true });
    const made = await sealdrop(['init', join(site.directory, 'made'), '--user', 'nobody', '--submit-group', group]);
    expect(made.status, made.stderr).toBe(0);
    const text = `spool: ${site.directory}/made/spool\nkeys: ${site.keys}\nsenders: { "*@example.com": [${group}] }\noutbox: { group: ${group} }\ndelivery: { pickup: { directory: ${site.pickup}, staging: ${site.staging}, bad: ${site.bad} } }\n`;
    write(site.directory, 'sealdrop.yaml', text);
    chmodSync(site.configFile, 0o644);
  });

  it('sees a default ACL for the service’s user, and misses it when it is gone', async () => {
    expect(await finding('a default ACL lets sealdrop read')).toMatchObject({ level: 'ok' });
    spawnSync('setfacl', ['-k', join(site.directory, 'made/spool/outbox/new')]);
    expect((await finding('no default ACL')).cure).toContain(`u:${uid}:r`);
  });

  it('sees that an ACL keeps the group out, whatever the mode says', async () => {
    const door = join(site.directory, 'made/spool/outbox/new');
    spawnSync('setfacl', ['-m', 'u:0:r,g::---', door]);
    chmodSync(door, 0o3730);
    expect((await findings()).some(({ level, text }) => level === 'error' && text.includes(`keeps the group of ${door}`))).toBe(true);
  });
});
