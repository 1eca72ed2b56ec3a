import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { Program } from '../kit/daemon.js';
import { makeTemp } from '../kit/temp.js';
import { missingTools } from '../kit/tools.js';

/** A user made for a test. */
export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A user that owns nothing. */
export const nobody = 65534;

/** `describe` whose tests make users and run programs as them. */
export function describeWithUsers(title: string, body: () => void): void {
  const programs = ['useradd', 'groupadd', 'setpriv'].filter((program) => !runs(program));
  describeUnless([...missingTools(['root', 'setfacl']), ...programs], title, body);
}

/** `describe` whose tests run sealdrop as `nobody`. */
export function describeAsNobody(title: string, body: () => void): void {
  describeUnless(missingTools(['root']), title, body);
}

/** Makes a group and returns its number. */
export function addGroup(name: string): number {
  execFileSync('groupadd', [name]);
  return Number(execFileSync('getent', ['group', name], { encoding: 'utf8' }).split(':')[2]);
}

/** Makes a user with a group of the same name, in the given groups too. */
export function addUser(name: string, groups: readonly string[] = []): TestUser {
  const more = groups.length === 0 ? [] : ['--groups', groups.join(',')];
  execFileSync('useradd', ['--no-create-home', '--no-log-init', '--user-group', '--shell', '/bin/sh', ...more, name], { stdio: 'pipe' });
  const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, name], { encoding: 'utf8' })));
  return { name, uid: uid ?? 0, gid: gid ?? 0 };
}

export function removeUsers(users: readonly string[], groups: readonly string[]): void {
  for (const name of users) spawnSync('userdel', ['--force', name], { stdio: 'ignore' });
  for (const name of groups) spawnSync('groupdel', [name], { stdio: 'ignore' });
}

export interface ScriptResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell script as that user, with all its groups and none of our environment. */
export function shellAs(user: TestUser, script: string, cwd: string): ScriptResult {
  const { uid, gid } = user;
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--init-groups'];
  const run = spawnSync('setpriv', [...identity, 'sh', '-euc', script], { encoding: 'utf8', cwd, env: { PATH: '/usr/bin:/bin' } });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** Any command as that user, with the groups its account has. */
export function sealdropAs({ uid, gid }: TestUser, args: readonly string[]): ScriptResult {
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--init-groups'];
  // Not our home: `archive verify` keeps there how far it has come.
  const env = { ...process.env, HOME: '/nonexistent' };
  const run = spawnSync('setpriv', [...identity, process.execPath, main, ...args], { encoding: 'utf8', cwd: '/', env, timeout: 60_000 });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** `sealdrop run --once` as that user, with the groups a service unit gives it and, if asked, CAP_DAC_READ_SEARCH and nothing else. */
export function runOnceAs(user: TestUser, config: string, options: { groups: readonly number[]; readsAll?: boolean }): ScriptResult {
  const groups = options.groups.length === 0 ? ['--clear-groups'] : ['--groups', options.groups.join(',')];
  const capabilities = options.readsAll === true ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'] : [];
  const identity = ['--reuid', String(user.uid), '--regid', String(user.gid), ...groups, ...capabilities];
  const run = spawnSync('setpriv', [...identity, process.execPath, main, 'run', '-c', config, '--once'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** Starts `sealdrop run` as that user with those groups, and leaves it running. */
export function startAs(user: TestUser, config: string, options: { groups: readonly number[] }): Program {
  const program = join(makeTemp('launcher'), 'as-user.mjs');
  const identity = `process.setgroups(${JSON.stringify(options.groups)}); process.setgid(${user.gid}); process.setuid(${user.uid});`;
  writeFileSync(program, `${identity} await import(${JSON.stringify(main)});\n`);
  return new Program(['run', '-c', config], { program });
}

/** A directory only that user may enter. */
export function makeHome(parent: string, { name, uid, gid }: TestUser): string {
  const home = join(parent, `home-${name}`);
  mkdirSync(home, { mode: 0o700 });
  execFileSync('chown', [`${uid}:${gid}`, home]);
  return home;
}

function describeUnless(missing: readonly string[], title: string, body: () => void): void {
  const all = missing.length > 0 || othersMayRunUs() ? missing : ['a checkout that other users may read'];
  if (all.length === 0) describe(title, body);
  else describe.skip(`${title} [skipped, missing: ${all.join(', ')}]`, body);
}

function runs(program: string): boolean {
  return spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;
}

function othersMayRunUs(): boolean {
  return spawnSync(process.execPath, [main, '--version'], { uid: nobody, gid: nobody, cwd: '/', stdio: 'ignore' }).status === 0;
}
