import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { healthOf } from '../daemon/health-of.js';
import type { Program } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { addGroup, addUser, describeWithUsers, makeHome, removeUsers, runOnceAs, shellAs, startAs, type TestUser } from './users.js';

const pki = testPki();
const prefix = `sdt${process.pid}`;
const names = { service: `${prefix}s`, billing: `${prefix}b`, payroll: `${prefix}p`, auditor: `${prefix}a`, outsider: `${prefix}o` };
const groupNames = { submit: `${prefix}sub`, audit: `${prefix}aud` };

/** How programs put files somewhere: `$1` the door's directory, `$2` where drafts are written, `$3` the message, `$4` the file name. */
const ways: [name: string, taken: boolean, script: string][] = [
  ['written under umask 077', true, 'umask 077; cat "$3" > "$2/$4.tmp"; mv "$2/$4.tmp" "$1/$4"'],
  ['written under umask 000', true, 'umask 000; cat "$3" > "$2/$4.tmp"; mv "$2/$4.tmp" "$1/$4"'],
  ['mkstemp', false, 'draft=$(mktemp -p "$2" XXXXXX.tmp); cat "$3" > "$draft"; mv "$draft" "$1/$4"'],
  ['mkstemp, then chmod', true, 'draft=$(mktemp -p "$2" XXXXXX.tmp); cat "$3" > "$draft"; chmod 644 "$draft"; mv "$draft" "$1/$4"'],
  ['mv of a file of mode 0600', false, 'umask 077; cp "$3" "$HOME/$4"; chmod 600 "$HOME/$4"; mv "$HOME/$4" "$1/$4"'],
  ['mv of a file of mode 0644', true, 'umask 022; cp "$3" "$HOME/$4"; chmod 644 "$HOME/$4"; mv "$HOME/$4" "$1/$4"'],
  ['cp of a file of mode 0600', false, 'cp "$3" "$HOME/$4"; chmod 600 "$HOME/$4"; cp "$HOME/$4" "$1/$4"'],
  ['cp of a file of mode 0644', true, 'cp "$3" "$HOME/$4"; chmod 644 "$HOME/$4"; cp "$HOME/$4" "$1/$4"'],
];
const doors = ['outbox', 'outbox/new'];
const drops = doors.flatMap((door) =>
  ways.map(([name, taken, script]) => ({ door, name, taken, script, file: `${door} ${name}`.replace(/\W+/g, '-') })),
);

describeWithUsers('with real users', () => {
  let site: Site;
  let groups: Record<keyof typeof groupNames, number>;
  let users: Record<keyof typeof names, TestUser>;
  let homes: Map<TestUser, string>;

  beforeAll(() => {
    groups = { submit: addGroup(groupNames.submit), audit: addGroup(groupNames.audit) };
    users = {
      service: addUser(names.service),
      billing: addUser(names.billing, [groupNames.submit]),
      payroll: addUser(names.payroll, [groupNames.submit]),
      auditor: addUser(names.auditor, [groupNames.audit]),
      outsider: addUser(names.outsider),
    };
    const senders = ['invoices@billing.example', 'wages@payroll.example'].map((address) => pki.issue({ address }));
    site = new Site({ senders, recipients: [pki.issue({ address: 'bob@example.net' })], config: config() });
    rmSync(site.spool, { recursive: true });
    mkdirSync(site.spool, { mode: 0o711 });
    for (const path of [site.spool, site.keys, join(site.directory, 'mta')]) {
      execFileSync('chown', ['-R', `${users.service.uid}:${users.service.gid}`, path]);
    }
    homes = new Map(Object.values(users).map((user) => [user, makeHome(site.directory, user)]));
    // The first run makes what is missing in the spool.
    expect(runAsService()).toMatchObject({ status: 0 });
  });
  afterAll(() => {
    site.remove();
    removeUsers(Object.values(names), Object.values(groupNames));
  });

  test('the daemon makes its spool so that submitters have their doors and nothing else', () => {
    const found = ['', 'outbox', 'outbox/tmp', 'outbox/new', 'work', 'work/in', 'retry', 'quarantine', 'audit', 'archive'].map((name) => {
      const { uid, gid, mode } = statSync(join(site.spool, name));
      expect(uid, name).toBe(users.service.uid);
      return [name, (mode & 0o7777).toString(8), gid === groups.submit ? 'submit' : gid === groups.audit ? 'audit' : 'own'];
    });
    expect(found).toEqual([
      ['', '711', 'own'],
      ...['outbox', 'outbox/tmp', 'outbox/new'].map((name) => [name, '3730', 'submit']),
      ...['work', 'work/in', 'retry', 'quarantine'].map((name) => [name, '700', 'own']),
      ...['audit', 'archive'].map((name) => [name, '2750', 'audit']),
    ]);
  });

  describe('a message dropped', () => {
    let sent: string[];
    let left: Awaited<ReturnType<typeof healthOf>>['waitingFiles'];

    beforeAll(async () => {
      for (const drop of drops) expect(dropAs(users.billing, drop), drop.file).toMatchObject({ status: 0, stderr: '' });
      const daemon = startAsService();
      left = await waitFor(
        'every file to be sent or in health',
        async () => {
          const { waitingFiles } = await healthOf(site);
          return site.pickedUp().length + waitingFiles.length === drops.length && waitingFiles;
        },
        { describe: () => daemon.stderr },
      );
      await daemon.terminate();
      sent = [...site.archived().values()].map((bytes) => /^Subject: (.*)\r$/m.exec(bytes.toString())?.[1] ?? '?');
    });

    test.each(drops.filter(({ taken }) => taken))('into $door, $name: is taken', ({ file }) => {
      expect(sent).toContain(file);
      expect(left.map((each) => each.file)).not.toContain(`${file}.eml`);
    });

    test.each(drops.filter(({ taken }) => !taken))('into $door, $name: stays, and health says why', ({ door, file }) => {
      expect(sent).not.toContain(file);
      const found = left.find((each) => each.file === `${file}.eml`);
      expect(found).toMatchObject({ code: 'unreadable', text: `${file}.eml cannot be read` });
      expect(found?.cure).toMatch(/chmod.*sealdrop send --queue/);
      expect(existsSync(join(site.spool, door, `${file}.eml`))).toBe(true);
    });

    test('is taken in any case by a daemon with CAP_DAC_READ_SEARCH', () => {
      expect(runAsService({ readsAll: true })).toMatchObject({ status: 0 });
      expect(site.pickedUp()).toHaveLength(drops.length);
      expect(site.waiting()).toEqual([]);
    });
  });

  describe('a submitter', () => {
    let archived: string;
    let waiting: string;

    beforeAll(() => {
      const [id = ''] = [...site.archived().keys()];
      archived = join(site.spool, 'archive', archivePath(id));
      waiting = join(site.spool, 'outbox', 'new', 'waiting.eml');
      const drop = { door: 'outbox/new', file: 'waiting', script: ways[1]?.[2] ?? '' };
      expect(dropAs(users.billing, drop)).toMatchObject({ status: 0 });
      expect(readFileSync(waiting, 'utf8')).toContain('waiting');
    });

    test.each([
      ['list the doors', () => 'ls "$SPOOL/outbox" || ls "$SPOOL/outbox/new" || ls "$SPOOL/outbox/tmp"'],
      ['read another’s waiting mail, though it knows its name', () => `cat ${waiting}`],
      ['write into it', () => `echo x >> ${waiting}`],
      ['truncate it', () => `: > ${waiting}`],
      ['delete it', () => `rm -f ${waiting}`],
      ['rename it', () => `mv ${waiting} "$SPOOL/outbox/new/mine.eml"`],
      ['put its own over it', () => `echo x > "$HOME/x"; mv -f "$HOME/x" ${waiting}`],
      ['give it another mode', () => `chmod 666 ${waiting}`],
      ['list or read the archive', () => `ls "$SPOOL/archive" || cat ${archived}`],
      [
        'list work, quarantine, retry or the audit trail',
        () => 'ls "$SPOOL/work" || ls "$SPOOL/quarantine" || ls "$SPOOL/retry" || ls "$SPOOL/audit"',
      ],
      ['list or read the keys', () => 'ls "$KEYS" || cat "$KEYS/invoices@billing.example.pem" || cat "$KEYS/bob@example.net.crt"'],
      ['put a certificate or key there', () => 'echo x > "$KEYS/eve@example.net.crt"'],
      ['put anything beside the doors', () => 'echo x > "$SPOOL/x" || mkdir "$SPOOL/work/x" || echo x > "$SPOOL/lock"'],
      ['take the doors away', () => 'mv "$SPOOL/outbox/new" "$SPOOL/outbox/old" || rmdir "$SPOOL/outbox/tmp" || chmod 777 "$SPOOL/outbox"'],
    ])('cannot %s', (_what, script) => {
      const before = readFileSync(waiting);
      for (const user of [users.payroll, users.outsider]) {
        const run = doAs(user, script());
        expect(run.status, `${user.name}: ${run.stdout}`).not.toBe(0);
        expect(run.stderr).toMatch(/denied|not permitted/i);
      }
      expect(readFileSync(waiting)).toEqual(before);
    });

    test('who is in no group of sealdrop’s cannot even drop mail', () => {
      expect(doAs(users.outsider, 'echo x > "$SPOOL/outbox/tmp/x"').stderr).toMatch(/denied/);
    });

    test('can take back its own mail while it waits', () => {
      const drop = { door: 'outbox/new', file: 'regretted', script: ways[0]?.[2] ?? '' };
      expect(dropAs(users.payroll, drop)).toMatchObject({ status: 0 });
      expect(doAs(users.payroll, 'rm "$SPOOL/outbox/new/regretted.eml"').status).toBe(0);
    });
  });

  test('an auditor reads the archive, and touches nothing', () => {
    const [id = ''] = [...site.archived().keys()];
    const archived = join(site.spool, 'archive', archivePath(id));
    expect(doAs(users.auditor, `cat ${archived}`).stdout).toContain('Subject:');
    for (const script of [`echo x >> ${archived}`, `rm -f ${archived}`, 'ls "$SPOOL/quarantine"', 'ls "$KEYS"']) {
      expect(doAs(users.auditor, script).status, script).not.toBe(0);
    }
  });

  test('senders holds each From to its user or group; whoever else uses it is refused by name', () => {
    const drop = { door: 'outbox/new', script: ways[0]?.[2] ?? '' };
    for (const { name, subject, user, from } of [
      { name: 'own', subject: 'payroll own', user: users.payroll, from: 'wages@payroll.example' },
      { name: 'foreign', subject: 'payroll as billing', user: users.payroll, from: 'invoices@billing.example' },
      { name: 'uncovered', subject: 'payroll as nobody', user: users.payroll, from: 'nobody@example.org' },
    ]) {
      expect(dropAs(user, { ...drop, file: name }, { from, subject })).toMatchObject({ status: 0 });
    }
    const before = site.pickedUp().length;
    expect(runAsService()).toMatchObject({ status: 65 });
    const held = new Map(site.quarantined().map(({ facts }) => [facts.file, facts]));
    expect([...held.keys()].sort()).toEqual(['foreign.eml', 'uncovered.eml']);
    expect(held.get('foreign.eml')).toMatchObject({ code: 'sender-not-allowed', uid: users.payroll.uid });
    expect(held.get('foreign.eml')?.message).toContain(`${names.payroll} may not send as invoices@billing.example`);
    // payroll's own, and the one that waited for the tests above.
    expect(site.pickedUp().length).toBe(before + 2);
  });

  describe('run refuses', () => {
    test('an outbox that belongs to somebody else: 77', () => {
      chownSync(join(site.spool, 'outbox', 'new'), users.payroll.uid, groups.submit);
      expectRefusal(77, /outbox-not-ours|belongs to uid/);
      chownSync(join(site.spool, 'outbox', 'new'), users.service.uid, groups.submit);
      chmodSync(join(site.spool, 'outbox', 'new'), 0o3730);
    });

    test('an outbox that others may write to and that is not sticky: 77', () => {
      chmodSync(join(site.spool, 'outbox'), 0o2770);
      expectRefusal(77, /not sticky/);
      chmodSync(join(site.spool, 'outbox'), 0o3730);
    });

    test('a shared outbox without senders: 78', () => {
      const before = readFileSync(site.configFile, 'utf8');
      writeFileSync(site.configFile, before.replace(/^senders:.*$/m, ''));
      expectRefusal(78, /who may send as whom/);
      writeFileSync(site.configFile, before);
    });

    function expectRefusal(status: number, why: RegExp): void {
      const before = readdirSync(join(site.spool, 'audit'));
      const run = runAsService();
      expect(run.stderr).toMatch(why);
      expect(run.status).toBe(status);
      expect(readdirSync(join(site.spool, 'audit'))).toEqual(before);
    }
  });

  function config(): string {
    return [
      'http: { listen: off }',
      'log: { format: text }',
      `outbox: { group: ${groupNames.submit}, settleMs: 100, rescanMs: 100 }`,
      `archive: { group: ${groupNames.audit} }`,
      `senders: { "*@billing.example": [${names.billing}], "*@payroll.example": [${names.payroll}] }`,
    ].join('\n');
  }

  function runAsService(options: { readsAll?: boolean } = {}) {
    return runOnceAs(users.service, site.configFile, { groups: [groups.submit, groups.audit], ...options });
  }

  function startAsService(): Program {
    return startAs(users.service, site.configFile, { groups: [groups.submit, groups.audit] });
  }

  function dropAs(
    user: TestUser,
    { door, file, script }: { door: string; file: string; script: string },
    { from = 'invoices@billing.example', subject = file } = {},
  ) {
    const home = homes.get(user) ?? '/nowhere';
    const message = join(home, 'message');
    writeFileSync(message, `From: ${from}\r\nTo: bob@example.net\r\nSubject: ${subject}\r\n\r\ntext\r\n`, { mode: 0o644 });
    const places = [join(site.spool, door), join(site.spool, 'outbox', 'tmp'), message, `${file}.eml`];
    return shellAs(user, `HOME=${home}; set -- ${places.map((place) => `'${place}'`).join(' ')}; ${script}`, home);
  }

  function doAs(user: TestUser, script: string) {
    const home = homes.get(user) ?? '/nowhere';
    return shellAs(user, `HOME=${home}; SPOOL=${site.spool}; KEYS=${site.keys}; ${script}`, home);
  }
});
