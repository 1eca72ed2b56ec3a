// @ts-check
import { readdirSync } from 'node:fs';
import { trailOf } from '../dist/audit/trail.js';
import { parseCopyName } from '../dist/spool/layout.js';
import { drop } from './drops.mjs';
import { durableRun } from './durable-run.mjs';
import { startPickups } from './pickups.mjs';
import { fill, makeSite, startDaemon } from './site.mjs';
import { end, until } from './wait.mjs';

const sizeBytes = 20_000;
const loads = [0.1, 0.5, 0.9];
/** What V8 needs to have compiled what it will. */
const warmUpMessages = 8_000;

/**
 * How long a message takes from the rename into outbox/new until it is seen in pickup, at shares of the highest rate, which is measured
 * first. Messages come at random times that do not depend on how fast they are served; their files are written beforehand.
 * @param {{ path: string }} disk
 * @param {number} seconds for each load
 */
export async function latency(disk, seconds) {
  const highest = await highestRate(disk);
  console.log(`latency from the rename into outbox/new to pickup, ${sizeBytes} bytes; highest rate ${highest.toFixed(0)} msg/s`);
  const site = makeSite(disk.path);
  const pickups = await startPickups(site.pickup);
  const daemon = startDaemon(site);
  try {
    fill(site, warmUpMessages, sizeBytes);
    await drained(site, daemon);
    let from = 0;
    for (const load of loads) {
      const count = Math.round(highest * load * seconds);
      fill({ doorNew: site.doorTmp }, count, sizeBytes, from);
      await pickups.taken();
      const dropped = await drop(site, { from, count, perSecond: highest * load });
      await drained(site, daemon);
      print(load, dropped, from, await pickups.taken(), site);
      from += count;
    }
  } finally {
    pickups.stop();
    await end(daemon, 'SIGTERM');
    site.remove();
  }
}

/** @param {{ path: string }} disk */
async function highestRate(disk) {
  const site = makeSite(disk.path);
  try {
    return (await durableRun(site, 12_000, sizeBytes)).laterRate;
  } finally {
    site.remove();
  }
}

/**
 * @param {import('./site.mjs').Site} site
 * @param {import('node:child_process').ChildProcess} daemon
 */
async function drained(site, daemon) {
  const waiting = [site.doorNew, site.claimed, site.pickup];
  const isMessage = (/** @type {string} */ name) => name.endsWith('.eml');
  await until(daemon, () => waiting.every((directory) => readdirSync(directory).length === 0) && !readdirSync(site.work).some(isMessage));
}

/**
 * @param {number} load
 * @param {import('./drops.mjs').Drops} dropped
 * @param {number} from
 * @param {import('./pickups.mjs').Pickups} taken
 * @param {import('./site.mjs').Site} site
 */
function print(load, dropped, from, taken, site) {
  const ids = taken.names.map((name) => parseCopyName(name)?.id ?? '');
  const trail = trailOf(site.audit, new Set(ids), new Date());
  const sinceRename = [];
  const sinceDue = [];
  for (const [index, id] of ids.entries()) {
    const accepted = trail.get(id)?.find(({ event }) => event === 'accepted')?.detail;
    const n = Number.parseInt(/** @type {{ file: string }} */ (accepted).file, 10) - from;
    sinceRename.push((taken.atMs[index] ?? 0) - (dropped.atMs[n] ?? 0));
    sinceDue.push((taken.atMs[index] ?? 0) - (dropped.due[n] ?? 0));
  }
  if (ids.length !== dropped.due.length) throw new Error(`${dropped.due.length} dropped, ${ids.length} taken`);
  const seconds = ((taken.atMs.at(-1) ?? 0) - (dropped.due[0] ?? 0)) / 1000;
  const share = (/** @type {{ cpuMs: number }} */ { cpuMs }) => `${(cpuMs / (seconds * 10)).toFixed(1)} %`;
  const p = (/** @type {number[]} */ values, /** @type {number} */ percent) => `${percentile(values, percent).toFixed(1)} ms`;
  console.log(
    `  ${load * 100} %: p50 ${p(sinceRename, 50)}, p99 ${p(sinceRename, 99)}, p99.9 ${p(sinceRename, 99.9)} of ${ids.length} at ${(ids.length / seconds).toFixed(0)} msg/s; from when the drop was due: p99 ${p(sinceDue, 99)}; dropping took ${share(dropped)} of a core, taking ${share(taken)}`,
  );
}

/**
 * The nearest rank.
 * @param {number[]} values
 * @param {number} percent
 */
function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}
