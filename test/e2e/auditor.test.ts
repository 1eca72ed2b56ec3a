import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { letter } from '../daemon/site.js';
import { sealdrop } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import {
  addGroup,
  addUser,
  describeWithUsers,
  makeHome,
  removeUsers,
  runOnceAs,
  sealdropAs,
  shellAs,
  startAs,
  type TestUser,
} from './users.js';

const pki = testPki();
const prefix = `sda${process.pid}`;
const names = { service: `${prefix}s`, auditor: `${prefix}a`, both: `${prefix}b` };
const groupNames = { submit: `${prefix}sub`, audit: `${prefix}aud` };

describeWithUsers('separation of duties', () => {
  let site: Site;
  let groups: Record<keyof typeof groupNames, number>;
  let users: Record<keyof typeof names, TestUser>;
  let home: string;
  let id: string;

  beforeAll(() => {
    groups = { submit: addGroup(groupNames.submit), audit: addGroup(groupNames.audit) };
    users = {
      service: addUser(names.service, Object.values(groupNames)),
      auditor: addUser(names.auditor, [groupNames.audit]),
      both: addUser(names.both),
    };
    const senders = [pki.issue({ address: 'steve@example.com' })];
    site = new Site({ senders, recipients: [pki.issue({ address: 'bob@example.net' })], config: config() });
    const identity = writeAuditIdentity(site.directory);
    chownSync(identity, users.service.uid, users.service.gid);
    rmSync(site.spool, { recursive: true });
    mkdirSync(site.spool, { mode: 0o711 });
    for (const path of [site.spool, site.keys, join(site.directory, 'mta')]) {
      execFileSync('chown', ['-R', `${users.service.uid}:${users.service.gid}`, path]);
    }
    home = makeHome(site.directory, users.auditor);
    expect(runAsService()).toMatchObject({ status: 0 });
    chmodSync(site.drop('one.eml', letter('one')), 0o644);
    expect(runAsService()).toMatchObject({ status: 0 });
    [id = ''] = [...site.archived().keys()];
  });
  afterAll(() => {
    site.remove();
    removeUsers(Object.values(names), Object.values(groupNames));
  });

  describe('an auditor, with the rights of the group alone', () => {
    test.each([
      ['audit list', () => ['audit', 'list'], /accepted/],
      ['audit list --id', () => ['audit', 'list', '--id', id], /committed {2}.*handed-to-mta/],
      ['audit verify', () => ['audit', 'verify'], /^consistent, completeness not proven$/m],
      ['archive show', () => ['archive', 'show', id], /^Subject: one\r$/m],
      ['archive verify', () => ['archive', 'verify'], /^consistent/m],
    ])('runs %s', (_name, args, found) => {
      const run = sealdropAs(users.auditor, [...args(), '-c', site.configFile]);
      expect(run.stderr).not.toMatch(/denied|EACCES/);
      expect(run.stdout).toMatch(found);
      expect(run.status).toBe(0);
    });

    test('finds nothing false beside a daemon at work', async () => {
      const daemon = startAs(users.service, site.configFile, { groups: Object.values(groups) });
      const wanted = site.pickedUp().length + 200;
      for (let n = 0; n < 200; n++) chmodSync(site.drop(`busy-${n}.eml`, letter(`busy ${n}`)), 0o644);
      while (site.pickedUp().length < wanted && !daemon.hasEnded) {
        const run = sealdropAs(users.auditor, ['audit', 'verify', '-c', site.configFile]);
        expect(run.status, run.stdout + run.stderr).toBe(0);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect((await daemon.terminate()).status).toBe(0);
    });

    test('verifies the second location too, and nobody else places holds', () => {
      const second = join(site.directory, 'second');
      mkdirSync(second);
      chownSync(second, users.service.uid, groups.audit);
      chmodSync(second, 0o2750);
      site.configure(`${config().replace('archive: {', `archive: { second: ${second},`)}`);
      expect(sealdropAs(users.service, ['archive', 'mark-second', '-c', site.configFile])).toMatchObject({ status: 0 });
      chmodSync(site.drop('second.eml', letter('second')), 0o644);
      expect(runAsService()).toMatchObject({ status: 0 });
      const run = sealdropAs(users.auditor, ['archive', 'verify', '-c', site.configFile]);
      expect(run.stdout).toMatch(/^consistent/m);
      const hold = sealdropAs(users.auditor, ['archive', 'hold', '--everything', '--reason', 'x', '-c', site.configFile]);
      expect(hold.stderr).toMatch(/only the user that .* belongs to may do this/);
      expect(hold.status).toBe(77);
      site.configure(config());
    });

    test('finds a file that was put into the archive', () => {
      // A day old: the message it is named after is not under way any more.
      const stranger = archivePath('01a10000-0000-7000-8000-000000000000');
      const path = join(site.spool, 'archive', stranger);
      shellAs(users.service, `mkdir -p ${join(path, '..')}; echo x > ${path}; chmod -R g+rX,o= ${join(site.spool, 'archive')}`, '/');
      const run = sealdropAs(users.auditor, ['archive', 'verify', '-c', site.configFile]);
      rmSync(join(path, '..'), { recursive: true });
      expect(run.stdout).toContain(`archive-without-record  ${stranger}`);
      expect(run.status).toBe(65);
    });

    test.each([
      ['add to a file of the trail', () => `echo x >> ${chain()}`],
      ['remove one', () => `rm -f ${chain()}`],
      ['put one there', () => `echo x > "$SPOOL/audit/x" || mkdir "$SPOOL/audit/x"`],
      ['change an original', () => `echo x >> ${original()} || chmod u+w ${original()}`],
      ['remove an original', () => `rm -f ${original()} || mv ${original()} "$HOME/x"`],
      ['put one there', () => `echo x > ${original()}.x`],
      ['open the keys', () => 'ls "$KEYS"'],
      ['look into work, retry or quarantine', () => 'ls "$SPOOL/work" || ls "$SPOOL/retry" || ls "$SPOOL/quarantine"'],
      ['drop mail, or see what others dropped', () => 'echo x > "$SPOOL/outbox/tmp/x" || ls "$SPOOL/outbox/new"'],
      ['speak to the daemon', () => 'cat "$SPOOL/lock"'],
      ['change the configuration', () => `echo x >> ${site.configFile}`],
    ])('cannot %s', (_what, script) => {
      const run = shellAs(users.auditor, `HOME=${home}; SPOOL=${site.spool}; KEYS=${site.keys}; ${script()}`, home);
      expect(run.status, run.stdout).not.toBe(0);
      expect(run.stderr).toMatch(/denied|not permitted/i);
    });

    test('finds files that the group may read and nobody but the service may write', () => {
      for (const path of [chain(), chain().replace('.chain.', '.details.'), original()]) {
        const { mode, gid } = statSync(path);
        expect([path, (mode & 0o027).toString(8), gid]).toEqual([path, '0', groups.audit]);
        expect(mode & 0o040, path).toBe(0o040);
      }
    });
  });

  test('sealdrop does not start where it may not give files to the group, and says what to do', () => {
    chmodSync(site.drop('waits.eml', letter('waits')), 0o644);
    const before = readdirSync(join(site.spool, 'audit'));
    const run = runOnceAs(users.service, site.configFile, { groups: [groups.submit] });
    expect(run.stderr).toContain('archive-group-not-ours');
    expect(run.stderr).toContain(`usermod --append --groups ${groupNames.audit}`);
    expect(run.status).toBe(77);
    expect(site.waiting()).toEqual(['waits.eml']);
    expect(readdirSync(join(site.spool, 'audit'))).toEqual(before);
    expect(runAsService()).toMatchObject({ status: 0 });
  });

  describe('doctor', () => {
    let undo: () => void = () => {};
    afterEach(() => {
      undo();
      undo = () => {};
    });

    test('is content with what the daemon has made', async () => {
      const duties = await dutiesFindings();
      expect(duties).toEqual([expect.objectContaining({ level: 'ok', text: expect.stringContaining('can change nothing') })]);
    });

    test.each(['archive', 'audit', 'work', 'quarantine'])('finds that auditors may write to %s, with what to run', async (name) => {
      const path = join(site.spool, name);
      const { gid, mode } = statSync(path);
      undo = () => {
        chownSync(path, users.service.uid, gid);
        chmodSync(path, mode & 0o7777);
      };
      chownSync(path, users.service.uid, groups.audit);
      chmodSync(path, 0o2770);
      const found = (await dutiesFindings()).filter(({ text }) => text.includes(`may write to ${path} (mode 2770)`));
      expect(found).toEqual([expect.objectContaining({ level: 'error' })]);
      follow(found[0]?.cure);
      expect((await dutiesFindings()).filter(({ level }) => level === 'error')).toEqual([]);
    });

    test('finds a day of the archive and a file of the trail that they may write to', async () => {
      const day = join(original(), '..');
      undo = () => {
        chmodSync(day, 0o2750);
        chmodSync(chain(), 0o640);
      };
      chmodSync(day, 0o2770);
      chmodSync(chain(), 0o660);
      const errors = (await dutiesFindings()).filter(({ level }) => level === 'error');
      expect(errors.map(({ text }) => text.replace(/ \(.*/, ''))).toEqual(
        [day, chain()].map((path) => `members of ${groupNames.audit} may write to ${path}`),
      );
    });

    test('finds an access control list that lets them write', async () => {
      const path = join(site.spool, 'work');
      undo = () => execFileSync('setfacl', ['-b', path]);
      execFileSync('setfacl', ['-m', `g:${groups.audit}:rwx`, path]);
      const [found, ...more] = (await dutiesFindings()).filter(({ level }) => level === 'error');
      expect([found?.text, more]).toEqual([expect.stringContaining(`may write to ${path}`), []]);
      follow(found?.cure);
      expect((await dutiesFindings()).filter(({ level }) => level === 'error')).toEqual([]);
    });

    test('finds that they can look into the keys', async () => {
      undo = () => {
        chownSync(site.keys, users.service.uid, users.service.gid);
        chmodSync(site.keys, 0o700);
      };
      chownSync(site.keys, users.service.uid, groups.audit);
      chmodSync(site.keys, 0o750);
      const [found] = (await dutiesFindings()).filter(({ level }) => level === 'error');
      expect(found?.text).toContain(`may look into ${site.keys}`);
    });

    test('finds one group for both, and somebody in both groups', async () => {
      undo = () => {
        spawnSync('gpasswd', ['--delete', names.both, groupNames.submit]);
        spawnSync('gpasswd', ['--delete', names.both, groupNames.audit]);
        site.configure(config());
      };
      for (const group of Object.values(groupNames)) execFileSync('usermod', ['--append', '--groups', group, names.both]);
      expect(await dutiesFindings()).toContainEqual(
        expect.objectContaining({ level: 'warning', text: expect.stringContaining(`${names.both} can drop mail`) }),
      );
      site.configure(config(groupNames.submit));
      expect(await dutiesFindings()).toContainEqual(
        expect.objectContaining({ level: 'error', text: expect.stringContaining('is both outbox.group and archive.group') }),
      );
    });

    test('finds that the service is not in the group', async () => {
      undo = () => execFileSync('usermod', ['--append', '--groups', groupNames.audit, names.service]);
      execFileSync('gpasswd', ['--delete', names.service, groupNames.audit]);
      const found = (await dutiesFindings()).find(({ text }) => text.includes(`${names.service} is not in the group`));
      expect(found).toMatchObject({ level: 'error', cure: expect.stringContaining(`usermod --append --groups ${groupNames.audit}`) });
      const daemon = startAs(users.service, site.configFile, { groups: Object.values(groups) });
      await daemon.untilOutput(/watching the outbox/);
      // Its unit has given it the group.
      expect((await dutiesFindings()).filter(({ level }) => level === 'error')).toEqual([]);
      await daemon.terminate();
    });

    test('names the cure for an audit directory of an older version, which run leaves as it is', async () => {
      const audit = join(site.spool, 'audit');
      execFileSync('chgrp', ['-R', String(users.service.gid), audit]);
      execFileSync('sh', [
        '-c',
        `chmod 00700 ${audit}; chmod 600 ${audit}/*.jsonl; mkdir -m 00700 ${audit}/torn; chown ${names.service} ${audit}/torn`,
      ]);
      expect(runAsService()).toMatchObject({ status: 0 });
      expect((statSync(audit).mode & 0o7777).toString(8)).toBe('700');
      expect(sealdropAs(users.auditor, ['audit', 'verify', '-c', site.configFile]).status).not.toBe(0);
      const [found] = (await dutiesFindings()).filter(({ level }) => level === 'note');
      expect(found?.text).toContain(`cannot read ${audit} (mode 700)`);
      follow(found?.cure);
      const run = sealdropAs(users.auditor, ['audit', 'verify', '-c', site.configFile]);
      expect(run.status, run.stderr).toBe(0);
      expect((statSync(join(audit, 'torn')).mode & 0o777).toString(8)).toBe('700');
      expect(runAsService()).toMatchObject({ status: 0 });
      expect((await dutiesFindings()).map(({ level }) => level)).toEqual(['ok']);
    });
  });

  const original = () => join(site.spool, 'archive', archivePath(id));

  function chain(): string {
    const audit = join(site.spool, 'audit');
    const name = readdirSync(audit).filter((each) => each.endsWith('.chain.jsonl'))[0] ?? '';
    expect(existsSync(join(audit, name))).toBe(true);
    return join(audit, name);
  }

  async function dutiesFindings(): Promise<Finding[]> {
    const run = await sealdrop(['doctor', '-c', site.configFile, '--json']);
    return (JSON.parse(run.stdout) as { findings: Finding[] }).findings.filter(({ topic }) => topic === 'duties');
  }

  /** Does as a finding says: what stands in quotes, or after the colon. */
  function follow(cure = ''): void {
    const quoted = [...cure.matchAll(/"([^"]+)"/g)].map(([, command = '']) => command);
    const script = quoted.length > 0 ? quoted.join('; ') : cure.slice(cure.indexOf(': ') + 2);
    execFileSync('sh', ['-euc', script]);
  }

  function config(auditGroup = groupNames.audit): string {
    return [
      'http: { listen: off }',
      'log: { format: text }',
      `outbox: { group: ${groupNames.submit}, settleMs: 100, rescanMs: 100 }`,
      `archive: { group: ${auditGroup} }`,
      'audit: { identity: audit.pem }',
      `senders: { "*@example.com": ["0", ${names.service}] }`,
    ].join('\n');
  }

  function runAsService() {
    return runOnceAs(users.service, site.configFile, { groups: Object.values(groups) });
  }
});
