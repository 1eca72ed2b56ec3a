// @ts-check
// npm run bench [-- --messages N] [--size BYTES] [--backlog N] [--idle SECONDS] [--large MB,MB] [--dir DIR]
// Durable throughput of `sealdrop run --once` on a filled outbox, as a ratio to the bare primitives measured in the same run; what a
// backlog costs at start; what an idle daemon costs; what a large message costs in memory.
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { benchDisk } from './disk.mjs';
import { floorRate } from './floor.mjs';
import { auditBytes, fill, mail, makeSite, startDaemon, usageOf } from './site.mjs';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '12000' },
    size: { type: 'string', default: '20000' },
    backlog: { type: 'string', default: '100000' },
    idle: { type: 'string', default: '10' },
    large: { type: 'string', default: '25,100' },
    dir: { type: 'string' },
  },
});

const disk = benchDisk(values.dir);
console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores, ${disk.kind}`);
try {
  if (Number(values.messages) > 0) await throughput(Number(values.messages), Number(values.size));
  if (Number(values.backlog) > 0) await backlog(Number(values.backlog));
  if (Number(values.idle) > 0) await idle(Number(values.idle));
  for (const megabytes of values.large.split(',').map(Number)) if (megabytes > 0) await large(megabytes);
} finally {
  disk.remove();
}

/**
 * @param {number} count
 * @param {number} sizeBytes
 */
async function throughput(count, sizeBytes) {
  const site = makeSite(disk.path);
  try {
    const floor = await floorRate({ keys: site.keys, sizeBytes, threads: availableParallelism(), milliseconds: 2000 });
    fill(site, count, sizeBytes);
    const started = performance.now();
    const daemon = startDaemon(site, '--once');
    /** @type {number | undefined} */
    let first;
    let peakMiB = 0;
    /** @type {{ atMs: number, auditBytes: number }[]} */
    const progress = [];
    const timer = setInterval(() => {
      if (daemon.pid !== undefined && daemon.exitCode === null) peakMiB = Math.max(peakMiB, usage(daemon.pid).peakMiB);
      progress.push({ atMs: performance.now(), auditBytes: auditBytes(site) });
      if (first === undefined && readdirSync(site.pickup).length > 0) first = performance.now() - started;
    }, 20);
    const status = await new Promise((resolve) => daemon.once('exit', resolve));
    clearInterval(timer);
    const ended = performance.now();
    const seconds = (ended - started - (first ?? 0)) / 1000;
    const rate = count / seconds;
    // Every message writes as much into the audit trail: half of it is half of them. Looking there costs less than counting files.
    const half = progress.find((each) => each.auditBytes >= auditBytes(site) / 2);
    const laterRate = (count / 2 / (ended - (half?.atMs ?? started))) * 1000;
    if (status !== 0 || readdirSync(site.pickup).length !== count) throw new Error(`the run failed: exit ${status}`);
    console.log(
      `${sizeBytes} bytes, RSA-2048, signed and encrypted, durable: ${rate.toFixed(0)} msg/s, ${laterRate.toFixed(0)} msg/s in the second half; floor ${floor.toFixed(0)} msg/s; ratio to floor ${(rate / floor).toFixed(2)}, ${(laterRate / floor).toFixed(2)} in the second half; peak ${peakMiB.toFixed(0)} MiB`,
    );
  } finally {
    site.remove();
  }
}

/** @param {number} count */
async function backlog(count) {
  const site = makeSite(disk.path);
  try {
    fill(site, count, 2000);
    const started = performance.now();
    const daemon = startDaemon(site);
    const pid = daemon.pid ?? 0;
    await until(() => readdirSync(site.pickup).length > 0);
    const first = performance.now() - started;
    await until(() => readdirSync(site.pickup).length >= count / 10);
    const { peakMiB } = usage(pid);
    console.log(
      `${count} files waiting at start: first message after ${(first / 1000).toFixed(2)} s, peak memory ${peakMiB.toFixed(0)} MiB over the first tenth`,
    );
    daemon.kill('SIGKILL');
    await new Promise((resolve) => daemon.once('exit', resolve));
  } finally {
    site.remove();
  }
}

/** @param {number} seconds */
async function idle(seconds) {
  const site = makeSite(disk.path);
  try {
    const daemon = startDaemon(site);
    const pid = daemon.pid ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = usage(pid);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = usage(pid);
    console.log(`idle: ${((after.cpuMs - before.cpuMs) / (seconds * 10)).toFixed(2)} % of one core, ${after.rssMiB.toFixed(0)} MiB`);
    daemon.kill('SIGTERM');
    await new Promise((resolve) => daemon.once('exit', resolve));
  } finally {
    site.remove();
  }
}

/**
 * Peak memory above an idle daemon's while one message is sealed, in two ways: as applications usually write them (CRLF), and with LF,
 * which has to be converted first.
 * @param {number} megabytes
 */
async function large(megabytes) {
  for (const lineEnd of ['CRLF', 'LF']) {
    const site = makeSite(disk.path);
    const daemon = startDaemon(site);
    const pid = daemon.pid ?? 0;
    try {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const idleMiB = usage(pid).rssMiB;
      const text = mail(1, megabytes * 1_000_000 - 1000);
      const draft = site.doorNew.replace(/new$/, 'tmp/large.eml');
      writeFileSync(draft, lineEnd === 'LF' ? text.replaceAll('\r\n', '\n') : text);
      const started = performance.now();
      renameSync(draft, `${site.doorNew}/large.eml`);
      await until(() => readdirSync(site.pickup).length > 0 || daemon.exitCode !== null);
      const seconds = (performance.now() - started) / 1000;
      const above = usage(pid).peakMiB - idleMiB;
      console.log(`${megabytes} MB, ${lineEnd}: ${seconds.toFixed(2)} s, peak memory ${above.toFixed(0)} MiB above idle`);
    } finally {
      daemon.kill('SIGTERM');
      await new Promise((resolve) => daemon.once('exit', resolve));
      site.remove();
    }
  }
}

/** @param {number} pid */
function usage(pid) {
  try {
    return usageOf(pid);
  } catch {
    return { rssMiB: 0, peakMiB: 0, cpuMs: 0 };
  }
}

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
