// @ts-check
import { makeSite, startDaemon, usageOf } from './site.mjs';
import { end, pause } from './wait.mjs';

/**
 * What a daemon costs that has nothing to do.
 * @param {{ path: string }} disk
 * @param {number} seconds
 */
export async function idle(disk, seconds) {
  const site = makeSite(disk.path);
  try {
    const daemon = startDaemon(site);
    const pid = daemon.pid ?? 0;
    await pause(3000);
    const before = usageOf(pid);
    await pause(seconds * 1000);
    const after = usageOf(pid);
    console.log(`idle: ${((after.cpuMs - before.cpuMs) / (seconds * 10)).toFixed(2)} % of one core, ${after.rssMiB.toFixed(0)} MiB`);
    await end(daemon, 'SIGTERM');
  } finally {
    site.remove();
  }
}
