import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, watch } from 'node:fs';
import type { Config } from '../../config/schema.js';
import { errnoOf } from '../../disk/faults.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { type Finding, fail, noteThat, ok, warn } from './finding.js';

/** The machine: programs that are called, the clock, watches. */
export function hostChecks({ senders, outbox }: Config, layout: SpoolLayout, now: Date): Finding[] {
  return [...programChecks(senders !== null), ...clockChecks(layout, now), ...watchChecks(layout, outbox.rescanMs)];
}

function programChecks(shared: boolean): Finding[] {
  const needed: [string, string, string][] = [
    ['flock', 'util-linux', 'the spool cannot be locked, and sealdrop does not start'],
    ['getent', 'libc-bin', 'groups cannot be looked up, so nobody else can drop mail or read the archive'],
    ['id', 'coreutils', 'senders: cannot be held against who dropped a message'],
  ];
  const missing = needed.filter(([program]) => !isThere(program));
  const findings = missing.map(([program, from, so]) => fail('host', `the program ${program} is missing: ${so}`, `Install ${from}.`));
  if (shared && !isThere('setfacl')) {
    const text = 'the program setfacl is missing: files of programs with umask 077 cannot be read';
    findings.push(warn('host', text, 'Install the package acl, then set the ACL of the outbox as said there or make it anew.'));
  }
  return findings.length > 0 ? findings : [ok('host', 'flock, getent and id are there')];
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Signatures, certificates' validity and audit records all go by the clock. */
function clockChecks({ audit }: SpoolLayout, now: Date): Finding[] {
  const ahead = newestMs(audit) - now.getTime();
  if (ahead > 60_000) {
    const text = `the clock is ${Math.round(ahead / 1000)} s behind the newest audit record`;
    return [fail('clock', text, 'Set the clock right; see which of the two was wrong.')];
  }
  const run = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { encoding: 'utf8' });
  const answer = run.status === 0 ? run.stdout.trim() : '';
  if (answer === 'no') return [warn('clock', 'it is not synchronised', 'Switch on time synchronisation (systemd-timesyncd, chrony).')];
  if (answer === 'yes') return [ok('clock', 'it is synchronised')];
  return [noteThat('clock', 'whether it is synchronised cannot be asked here (timedatectl); nothing speaks against it')];
}

function newestMs(directory: string): number {
  try {
    const files = readdirSync(directory).filter((name) => name.endsWith('.chain.jsonl'));
    return Math.max(0, ...files.map((name) => statSync(`${directory}/${name}`).mtimeMs));
  } catch {
    return 0; // Not made yet, or not ours to read, which is said elsewhere.
  }
}

/** Limits are shared by all programs of a user, so one watch is tried. */
function watchChecks({ outboxNew }: SpoolLayout, rescanMs: number): Finding[] {
  if (!existsSync(outboxNew)) return [];
  try {
    watch(outboxNew).close();
    return [ok('host', 'new mail can be watched for')];
  } catch (error) {
    const limit = { ENOSPC: 'fs.inotify.max_user_watches', EMFILE: 'fs.inotify.max_user_instances' }[errnoOf(error) ?? ''];
    const text = `new mail cannot be watched for (${errnoOf(error) ?? 'error'}): it is found by looking every ${rescanMs} ms`;
    return [
      warn('host', text, limit === undefined ? 'Use a file system with inotify, if that is too slow.' : `Raise ${limit} with sysctl.`),
    ];
  }
}
