// @ts-check
// node bench/make-archive.mjs --messages N --dir D [--size BYTES] [--days N] [--signed]
//   Makes an archive with its audit trail, as if that many messages had gone through: real mail in D/spool/archive, a chain that verifies
//   and details that match in D/spool/audit, configuration in D/sealdrop.yaml. --signed: signed by throwaway identities with the daemon's
//   own code, all within the last hours (its certificates are new); otherwise encrypted only, over --days days. D must not hold one yet.
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keepCertificate } from '../dist/archive/store.js';
import { chainName, dayOf, dayOfSegment, detailsName, segmentAfter } from '../dist/audit/files.js';
import { chainLine, detailsLine, firstPrev, newEntry } from '../dist/audit/record.js';
import { demoAuthority } from '../dist/cli/demo-pki.js';

import { certified, nobody, signers } from './archive-mail.mjs';

const perBatch = 64;
const hourMs = 3_600_000;

/**
 * @param {{ directory: string, messages: number, sizeBytes?: number, days?: number, signed?: boolean, threads?: number }} options
 * @returns {Promise<{ config: string, archive: string, audit: string, bytes: number, records: number, seconds: number }>}
 */
export async function makeArchive({ directory, messages, sizeBytes = 1500, days = 30, signed = false, threads = availableParallelism() }) {
  const started = performance.now();
  const [archive, audit, keys] = ['spool/archive', 'spool/audit', 'keys'].map((name) => join(directory, name));
  if (archive === undefined || audit === undefined || keys === undefined || existsSync(audit)) throw new Error(`${audit} is there already`);
  for (const path of [archive, audit, keys, ...['pickup', 'staging', 'bad'].map((name) => join(directory, 'mta', name))])
    mkdirSync(path, { recursive: true, mode: 0o750 });
  const config = join(directory, 'sealdrop.yaml');
  writeFileSync(config, configuration);
  if (signed) issueAll(directory, keys, archive);
  else keepCertificate(archive, createHash('sha256').update(nobody).digest('hex'), nobody);

  const spanMs = (signed ? 20 : 24 * days) * hourMs;
  const firstMs = Date.now() - spanMs;
  for (let ms = firstMs; ms < Date.now() + 24 * hourMs; ms += 24 * hourMs)
    mkdirSync(join(archive, dayOf(new Date(ms)).replaceAll('-', '/')), { recursive: true });

  const chain = new Chain(audit);
  const data = { archive, config, sizeBytes, signed, firstMs, stepMs: spanMs / messages };
  const batches = Math.ceil(messages / perBatch);
  /** @type {Map<number, { timeMs: number, entries: ReturnType<typeof newEntry>[], bytes: number }>} */
  const ready = new Map();
  let [asked, written, bytes] = [0, 0, 0];
  await new Promise((done, failed) => {
    const workers = Array.from(
      { length: threads },
      () => new Worker(new URL('./archive-worker.mjs', import.meta.url), { workerData: data }),
    );
    /** @type {Worker[]} */
    let idle = [...workers];
    const ask = () => {
      // What is made ahead of the chain is in memory.
      while (idle.length > 0 && asked < batches && asked - written < 8 * threads) {
        idle.pop()?.postMessage({ batch: asked, from: asked * perBatch, to: Math.min(messages, (asked + 1) * perBatch) });
        asked++;
      }
    };
    for (const worker of workers) {
      worker.on('error', failed);
      worker.on('message', (made) => {
        ready.set(made.batch, made);
        idle = [...idle, worker];
        for (let next = ready.get(written); next !== undefined; next = ready.get(written)) {
          chain.append(next.entries, new Date(next.timeMs));
          bytes += next.bytes;
          ready.delete(written);
          written++;
        }
        ask();
        if (written < batches) return;
        for (const each of workers) void each.terminate();
        done(undefined);
      });
    }
    ask();
  });
  chain.close();
  return { config, archive, audit, bytes, records: chain.seq, seconds: (performance.now() - started) / 1000 };
}

/** Writes chain and details as `audit/writer.ts` does, but durable only by and by: what is made here can be made again. */
class Chain {
  seq = 0;
  prev = firstPrev;
  /** @type {string | undefined} */
  segment;
  bytes = 0;
  /** @type {{ file: number, lines: string[] }[]} */
  open = [];

  /** @param {string} directory */
  constructor(directory) {
    this.directory = directory;
  }

  /**
   * @param {readonly ReturnType<typeof newEntry>[]} entries
   * @param {Date} time
   */
  append(entries, time) {
    const next = this.segmentFor(dayOf(time));
    if (next !== this.segment) {
      this.close();
      const previous = this.segment === undefined ? null : chainName(this.segment);
      this.segment = next;
      this.bytes = 0;
      this.open = [chainName(next), detailsName(next)].map((name) => {
        return { file: openSync(join(this.directory, name), 'wx', 0o600), lines: [] };
      });
      this.place(newEntry('segment', {}, { previous }), time);
    }
    for (const entry of entries) this.place(entry, time);
    if ((this.open[0]?.lines.length ?? 0) > 2000) this.flush();
  }

  /**
   * @param {ReturnType<typeof newEntry>} entry
   * @param {Date} time
   */
  place(entry, time) {
    this.seq++;
    const { line, hash } = chainLine(entry, { seq: this.seq, time, prev: this.prev });
    this.prev = hash;
    this.open[0]?.lines.push(line);
    this.open[1]?.lines.push(detailsLine(entry, this.seq));
  }

  /**
   * By day and by size, as `audit.segmentBytes` has it by default.
   * @param {string} day
   */
  segmentFor(day) {
    if (this.segment === undefined || dayOfSegment(this.segment) !== day) return day;
    return this.bytes < 256 * 1024 * 1024 ? this.segment : (segmentAfter(this.segment) ?? this.segment);
  }

  flush() {
    for (const { file, lines } of this.open) {
      if (lines.length > 0) this.bytes += writeSync(file, `${lines.join('\n')}\n`);
      lines.length = 0;
    }
  }

  close() {
    this.flush();
    for (const { file } of this.open) closeSync(file);
    this.open = [];
  }
}

/**
 * Keys of the senders, and certificates of some recipients, which the archive keeps too.
 * @param {string} directory
 * @param {string} keys
 * @param {string} archive
 */
function issueAll(directory, keys, archive) {
  const authority = demoAuthority(directory);
  for (const address of signers) authority.issue(keys, address);
  const elsewhere = join(directory, 'recipients');
  mkdirSync(elsewhere);
  for (const address of certified) authority.issueApart(keys, elsewhere, address);
  for (const address of [...signers, ...certified]) {
    const { raw } = new X509Certificate(readFileSync(join(keys, `${address}.crt`)));
    keepCertificate(archive, createHash('sha256').update(raw).digest('hex'), raw);
  }
}

const configuration = `spool: spool
keys: keys
http: { listen: off }
protect: { encrypt: whenPossible }
rules:
  - { name: partner, when: { to: "*@partner.example" }, protect: { sign: opaque } }
  - { name: bank, when: { to: "*@bank.example" }, protect: { content: aes-256-gcm } }
delivery:
  via: pickup
  pickup: { directory: mta/pickup, staging: mta/staging, bad: mta/bad }
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '10000' },
      dir: { type: 'string', default: `/var/tmp/sealdrop-archive-${randomBytes(4).toString('hex')}` },
      size: { type: 'string', default: '1500' },
      days: { type: 'string', default: '30' },
      signed: { type: 'boolean', default: false },
    },
  });
  const messages = Number(values.messages);
  const { config, bytes, records, seconds } = await makeArchive({
    directory: resolve(values.dir),
    messages,
    sizeBytes: Number(values.size),
    days: Number(values.days),
    signed: values.signed,
  });
  console.log(`${messages} messages, ${bytes} octets, ${records} records in ${seconds.toFixed(1)} s (${Math.round(messages / seconds)}/s)`);
  console.log(`configuration: ${config}`);
}
