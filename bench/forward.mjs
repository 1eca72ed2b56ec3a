// @ts-check
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Forwarder } from '../dist/audit/forward/forwarder.js';
import { newEntry } from '../dist/audit/record.js';
import { AuditWriter } from '../dist/audit/writer.js';
import { atEnd } from './at-end.mjs';
import { benchDisk } from './disk.mjs';
import { durableRun } from './durable-run.mjs';
import { makeSite } from './site.mjs';

// npm run bench:forward: what forwarding the audit trail to a receiver, a file and a second location takes from sealing (pairs of runs, with and
// without, in turn; on the disk SEALDROP_BENCH_DISK, if that is set), and how fast each of the three catches up with a long trail.

const [pairs, messages, records] = [6, 3000, 200_000];
const disk = benchDisk(process.env.SEALDROP_BENCH_DISK);
const receiver = await countingReceiver();

const ratios = [];
for (let pair = 0; pair < pairs; pair++) {
  const [first, second] = pair % 2 === 0 ? [false, true] : [true, false];
  const rates = new Map();
  for (const forwarding of [first, second]) rates.set(forwarding, await sealingRate(forwarding));
  ratios.push(rates.get(true) / rates.get(false));
  console.log(`pair ${pair + 1}: ${rates.get(false).toFixed(0)} msg/s without, ${rates.get(true).toFixed(0)} with three targets`);
}
const sorted = ratios.toSorted((a, b) => a - b);
const median = ((sorted[(pairs - 1) >> 1] ?? 0) + (sorted[pairs >> 1] ?? 0)) / 2;
console.log(`sealing with forwarding, as a share of without (median of ${pairs} pairs): ${(100 * median).toFixed(1)} %`);
await catchUp();
receiver.close();
disk.remove();

/** @param {boolean} forwarding */
async function sealingRate(forwarding) {
  const site = makeSite(disk.path);
  try {
    mkdirSync(join(site.directory, 'second'));
    const targets = `audit: { second: second, forward: { file: trail.jsonl, syslog: [{ host: 127.0.0.1, port: ${receiver.port}, transport: tcp }] } }\n`;
    if (forwarding) appendFileSync(site.config, targets);
    return (await durableRun(site, messages, 4000)).rate;
  } finally {
    site.remove();
  }
}

async function catchUp() {
  const directory = mkdtempSync(join(disk.path, 'sealdrop-bench-forward-'));
  const remove = atEnd(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const auditDirectory = join(directory, 'audit');
    mkdirSync(join(directory, 'second'));
    const writer = await AuditWriter.start({ directory: auditDirectory, now: () => new Date() });
    for (let done = 0; done < records; done += 1000) {
      await writer.append(
        Array.from({ length: 1000 }, (_, n) =>
          newEntry('committed', { outcome: 'handed-to-mta' }, { copies: [{ number: 1, name: `${done + n}.eml` }] }),
        ),
      );
    }
    const source = { facility: /** @type {const} */ ('audit'), host: 'bench', pid: process.pid, maxBytes: 8192 };
    /** @type {import('../dist/audit/forward/targets.js').Target[]} */
    const targets = [
      { kind: 'syslog', name: 'syslog over TCP', host: '127.0.0.1', port: receiver.port, transport: 'tcp', tlsFiles: {}, source },
      { kind: 'file', name: 'a file', path: join(directory, 'trail.jsonl') },
      { kind: 'second', name: 'a second location', directory: join(directory, 'second') },
    ];
    for (const target of targets) {
      const started = performance.now();
      let stopped = false;
      await new Promise((resolve) => {
        const forwarder = new Forwarder({
          auditDirectory,
          positionsFile: join(directory, `${target.kind}.json`),
          targets: [target],
          personal: false,
          confirmMs: 100,
          readTls: () => ({}),
          now: () => new Date(),
          saveMs: 20,
          onPositions: (positions) => {
            if (stopped || (positions.get(target.name)?.held.seq ?? 0) <= records) return;
            stopped = true;
            void forwarder.stop(1000).then(resolve);
          },
        });
        forwarder.start(writer.end);
      });
      const seconds = (performance.now() - started) / 1000;
      console.log(
        `${target.name} catches up with ${records} records in ${seconds.toFixed(1)} s: ${(records / seconds).toFixed(0)} records/s`,
      );
    }
    await writer.close();
  } finally {
    remove();
  }
}

async function countingReceiver() {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, close: () => server.close() };
}
