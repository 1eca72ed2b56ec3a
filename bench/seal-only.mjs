// @ts-check
import { createHash } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { announcedBy } from '../dist/config/announced.js';
import { loadConfig } from '../dist/config/load.js';
import { Sealer } from '../dist/daemon/worker/sealer.js';
import { KeyDirectory } from '../dist/keys/key-directory.js';
import { newMessageId } from '../dist/message-id.js';
import { mail } from './site.mjs';

/** As many as the daemon takes into one batch, for which it looks once whether keys changed. */
const mailsPerBatch = 64;
/** As the daemon's worker pool has it. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };
/** V8 has compiled what it will after some 7,000 messages a thread; large ones need not be as many. */
const warmUp = { messages: 7000, milliseconds: 8000 };

/**
 * Sealing alone: the daemon's Sealer over mails that are in memory, every piece of each sealed copy made and hashed as where it is staged,
 * and nothing read or written, on as many worker threads as asked, after a warm-up. Messages per second.
 * @param {{ site: { config: string }, sizeBytes: number, threads: number, milliseconds: number }} options
 * @returns {Promise<number>}
 */
export async function sealOnlyRate({ site, ...options }) {
  const data = { sealOnly: true, config: site.config, ...options };
  const rates = await Promise.all(
    Array.from(
      { length: options.threads },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: data, resourceLimits });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

/**
 * @param {string} configPath
 * @param {number} sizeBytes
 */
function sealing(configPath, sizeBytes) {
  const config = loadConfig(configPath);
  const keys = new KeyDirectory(config.keys, { announced: announcedBy(config) });
  const sealer = new Sealer(config, keys, []);
  const mails = Array.from({ length: sizeBytes > 1_000_000 ? 1 : mailsPerBatch }, (_, n) => ({
    bytes: Buffer.from(mail(n, sizeBytes)),
    id: newMessageId(Date.now()),
  }));
  return (/** @type {number} */ milliseconds, most = Number.POSITIVE_INFINITY) => {
    const started = performance.now();
    let count = 0;
    while (performance.now() - started < milliseconds && count < most) {
      keys.refresh();
      const messages = mails.map(({ bytes, id }) => sealer.seal(bytes, id, undefined, new Date()));
      for (const { sealed } of messages.flatMap(({ copies }) => copies)) {
        const hash = createHash('sha256');
        for (const piece of sealed.pieces()) hash.update(piece);
        hash.digest('hex');
      }
      count += mails.length;
    }
    return (count * 1000) / (performance.now() - started);
  };
}

if (!isMainThread && workerData?.sealOnly === true) {
  const { config, sizeBytes, milliseconds } = workerData;
  const seal = sealing(config, sizeBytes);
  seal(warmUp.milliseconds, warmUp.messages);
  parentPort?.postMessage(seal(milliseconds));
}
