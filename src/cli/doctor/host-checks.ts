import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../../config/schema.js';
import { askDaemon } from '../../daemon/control.js';
import type { HealthReport } from '../../daemon/health.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { type Finding, fail, noteThat, ok, warn } from './finding.js';

const fewWatches = 1024;

/** The machine sealdrop runs on, and the running daemon if there is one. */
export async function hostChecks(config: Config, layout: SpoolLayout, now: Date): Promise<Finding[]> {
  return [
    ...programChecks(),
    ...(process.geteuid?.() === 0
      ? [warn('user', 'this is root; sealdrop needs no root', 'Run it as a user of its own (deploy/systemd/sealdrop.service).')]
      : []),
    ...clockChecks(layout, now),
    watchCheck(),
    ...(config.archive.retention === null
      ? [noteThat('archive', 'no retention is set: originals are kept for ever', 'Plan disk space accordingly.')]
      : []),
    ...(await daemonChecks(layout)),
  ];
}

function programChecks(): Finding[] {
  const needed = { flock: 'util-linux', getent: 'libc-bin', id: 'coreutils' };
  const missing = Object.entries(needed).filter(([program]) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined);
  return missing.map(([program, from]) => fail('programs', `the program ${program} is missing`, `Install ${from}.`));
}

/** A clock that is behind the last record, or not kept by anything, makes audit times worthless. */
function clockChecks(layout: SpoolLayout, now: Date): Finding[] {
  const findings: Finding[] = [];
  try {
    const { mtimeMs } = statSync(layout.audit);
    if (mtimeMs > now.getTime() + 60_000)
      findings.push(
        fail(
          'clock',
          `the clock is behind the last change of ${layout.audit}`,
          'Set the clock right; signatures and audit records carry its time.',
        ),
      );
  } catch {
    // Not made yet: nothing to compare with.
  }
  const run = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { encoding: 'utf8' });
  if (run.status === 0 && run.stdout.trim() === 'no')
    findings.push(warn('clock', 'the clock is not synchronised', 'Enable time synchronisation (systemd-timesyncd, chrony).'));
  return findings.length > 0 ? findings : [ok('clock', 'nothing speaks against the clock')];
}

function watchCheck(): Finding {
  try {
    const watches = Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
    if (watches < fewWatches)
      return warn(
        'watching',
        `only ${watches} inotify watches are allowed to a user`,
        'Raise fs.inotify.max_user_watches; without a watch new mail is found by the rescan.',
      );
    return ok('watching', 'inotify watches are enough (sealdrop needs two)');
  } catch {
    return noteThat('watching', 'this system has no inotify; new mail is found by the rescan');
  }
}

async function daemonChecks(layout: SpoolLayout): Promise<Finding[]> {
  if (!isLocked(layout.lockFile)) return [noteThat('daemon', 'no daemon works on this spool now')];
  const health = (await askDaemon(layout.controlSocket, { ask: 'health' })) as HealthReport | undefined;
  if (health === undefined) return [warn('daemon', 'a daemon holds the spool but does not answer', 'Look at its log; it may be starting.')];
  return [
    ok(
      'daemon',
      `running: ${Object.entries(health.counters)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    ),
    ...health.pauses.map(({ where, message, cure, since }) => fail('daemon', `${where} waits since ${since}: ${message}`, cure)),
    ...health.waitingFiles.map(({ text, cure }) => warn('daemon', `left in the outbox: ${text}`, cure)),
  ];
}
