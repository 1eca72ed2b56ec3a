// @ts-check
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mail, makeSite, startDaemon, usageOf } from './site.mjs';
import { end, pause, until } from './wait.mjs';

/**
 * Peak memory above an idle daemon's while one message is sealed, in two ways: as applications usually write them (CRLF), and with LF,
 * which has to be converted first.
 * @param {{ path: string }} disk
 * @param {number} megabytes
 */
export async function large(disk, megabytes) {
  for (const lineEnd of ['CRLF', 'LF']) {
    const site = makeSite(disk.path);
    const daemon = startDaemon(site);
    const pid = daemon.pid ?? 0;
    try {
      await pause(3000);
      const idleMiB = usageOf(pid).rssMiB;
      const text = mail(1, megabytes * 1_000_000 - 1000);
      const draft = join(site.doorTmp, 'large.eml');
      writeFileSync(draft, lineEnd === 'LF' ? text.replaceAll('\r\n', '\n') : text);
      const started = performance.now();
      renameSync(draft, join(site.doorNew, 'large.eml'));
      await until(daemon, () => readdirSync(site.pickup).length > 0);
      const seconds = (performance.now() - started) / 1000;
      const above = usageOf(pid).peakMiB - idleMiB;
      console.log(`${megabytes} MB, ${lineEnd}: ${seconds.toFixed(2)} s, peak memory ${above.toFixed(0)} MiB above idle`);
    } finally {
      await end(daemon, 'SIGTERM');
      site.remove();
    }
  }
}
