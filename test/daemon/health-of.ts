import { join } from 'node:path';
import { askDaemon } from '../../src/daemon/control.js';
import type { HealthReport } from '../../src/daemon/health.js';
import type { Site } from '../kit/site.js';

/** What the running daemon says of itself, as `sealdrop doctor` would hear it. */
export async function healthOf(site: Site): Promise<HealthReport> {
  const report = await askDaemon(join(site.spool, 'control.sock'), { ask: 'health' });
  if (report === undefined) throw new Error('no daemon listens on the control socket');
  return report as HealthReport;
}

/** Codes of what makes the daemon pause now. */
export async function pausesOf(site: Site): Promise<string[]> {
  return (await healthOf(site)).pauses.map(({ code }) => code);
}
