import { askDaemon } from '../../daemon/control.js';
import type { HealthReport } from '../../daemon/health.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { umaskOfDaemon } from './daemon-process.js';
import { type Finding, fail, faultFinding, noteThat, ok, warn } from './finding.js';

/** The daemon on this spool, if one runs, and what it says of itself. */
export async function daemonChecks(layout: SpoolLayout): Promise<Finding[]> {
  try {
    if (!isLocked(layout.lockFile)) return [noteThat('daemon', 'none runs on this spool')];
    const health = (await askDaemon(layout.controlSocket, { ask: 'health' })) as HealthReport | undefined;
    if (health === undefined)
      return [warn('daemon', 'one holds the spool, and does not answer', 'It may be starting, or "run --once"; else look at its log.')];
    return [...healthFindings(health), ...umaskChecks(layout.lockFile)];
  } catch (error) {
    return [faultFinding('daemon', error)];
  }
}

function healthFindings({ counters, pauses, troubles, waitingFiles }: HealthReport): Finding[] {
  const counted = Object.entries(counters).map(([name, count]) => `${count} ${name}`);
  return [
    ok('daemon', `runs; since its start ${counted.join(', ')}`),
    ...pauses.map(({ where, message, cure, since }) => fail('daemon', `mail waits since ${since} (${where}): ${message}`, cure)),
    ...troubles.map(({ where, message, cure, since }) => warn('daemon', `out of order since ${since} (${where}): ${message}`, cure)),
    ...waitingFiles.map(({ text, cure }) => warn('daemon', `left in the outbox: ${text}`, cure)),
  ];
}

function umaskChecks(lockFile: string): Finding[] {
  const umask = umaskOfDaemon(lockFile);
  if (umask === undefined || (umask & 0o007) === 0o007) return [];
  return [
    warn(
      'daemon',
      `its umask is ${umask.toString(8).padStart(4, '0')}: others may read what it writes`,
      'Restart it; it sets 0027 by itself.',
    ),
  ];
}
