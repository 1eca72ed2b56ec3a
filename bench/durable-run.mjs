// @ts-check
import { readdirSync } from 'node:fs';
import { auditBytes, fill, startDaemon, usageOf } from './site.mjs';
import { ended } from './wait.mjs';

/**
 * `sealdrop run --once` on an outbox filled for it, durability, archive and audit on. Rates are messages per second from the first message
 * in pickup on: over the whole run, and over its second half, when V8 has compiled what it will.
 * @param {import('./site.mjs').Site} site
 * @param {number} count
 * @param {number} sizeBytes
 * @param {typeof fill} [fillWith] puts the messages there
 */
export async function durableRun(site, count, sizeBytes, fillWith = fill) {
  fillWith(site, count, sizeBytes);
  const started = performance.now();
  const daemon = startDaemon(site, '--once');
  /** @type {number | undefined} */
  let first;
  let [peakMiB, cpuMs] = [0, 0];
  /** @type {{ atMs: number, cpuMs: number, auditBytes: number }[]} */
  const progress = [];
  const timer = setInterval(() => {
    if (daemon.pid !== undefined && daemon.exitCode === null) {
      const usage = usageOf(daemon.pid);
      [peakMiB, cpuMs] = [Math.max(peakMiB, usage.peakMiB), Math.max(cpuMs, usage.cpuMs)];
    }
    progress.push({ atMs: performance.now(), cpuMs, auditBytes: auditBytes(site) });
    if (first === undefined && readdirSync(site.pickup).length > 0) first = performance.now() - started;
  }, 20);
  await ended(daemon);
  clearInterval(timer);
  const endedMs = performance.now();
  if (daemon.exitCode !== 0 || readdirSync(site.pickup).length !== count) throw new Error(`the run failed: exit ${daemon.exitCode}`);
  // Every message writes as much into the audit trail: half of it is half of them. Looking there costs less than counting files.
  const half = progress.find((each) => each.auditBytes >= auditBytes(site) / 2);
  return {
    rate: (count * 1000) / (endedMs - started - (first ?? 0)),
    laterRate: (count * 500) / (endedMs - (half?.atMs ?? started)),
    /** Processor time of one message in the second half. */
    laterCpuMs: (cpuMs - (half?.cpuMs ?? 0)) / (count / 2),
    peakMiB,
  };
}
