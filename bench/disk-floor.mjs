// @ts-check
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atEnd, endsWithUs } from './at-end.mjs';

const concurrencies = [8, 16, 32, 64];
const warmUpMs = 200;
/** As many names as a batch of the daemon makes durable together. */
const namesPerSync = 64;

/**
 * The disk's floor: bare durable files of a size per second, created exclusively, written, fsynced and closed, their names made durable by
 * an fsync of the directory for each 64 of them; with the best of several numbers of files under way at a time. Nothing else is done.
 * @param {{ directory: string, sizeBytes: number, milliseconds: number }} options `milliseconds` for each number of files under way
 * @returns {Promise<{ rate: number, concurrency: number }>}
 */
export async function diskFloorRate({ directory, sizeBytes, milliseconds }) {
  const place = mkdtempSync(join(directory, 'sealdrop-bench-files-'));
  const remove = atEnd(() => rmSync(place, { recursive: true, force: true, maxRetries: 10 }));
  let best = { rate: 0, concurrency: 0 };
  try {
    for (const concurrency of concurrencies) {
      const rate = await inOwnProcess(place, sizeBytes, concurrency, milliseconds);
      if (rate > best.rate) best = { rate, concurrency };
    }
    return best;
  } finally {
    remove();
  }
}

/**
 * The size of the thread pool is fixed when a process starts.
 * @param {string} place
 * @param {number} sizeBytes
 * @param {number} concurrency
 * @param {number} milliseconds
 * @returns {Promise<number>}
 */
async function inOwnProcess(place, sizeBytes, concurrency, milliseconds) {
  const args = [fileURLToPath(import.meta.url), place, sizeBytes, concurrency, milliseconds].map(String);
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(concurrency) };
  const child = endsWithUs(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env }));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`durable files could not be written to ${place}: exit ${status}`);
  return Number(output);
}

/**
 * Opening and writing are synchronous, as in the daemon: they wait for no disk, and each trip to the thread pool would cost more than they do.
 * @param {string} place
 * @param {number} sizeBytes
 * @param {number} concurrency
 * @param {number} milliseconds
 */
async function writeDurably(place, sizeBytes, concurrency, milliseconds) {
  const sync = promisify(fsync);
  const bytes = randomBytes(sizeBytes);
  const names = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY);
  const started = performance.now();
  let made = 0;
  let durable = 0;
  let before = { durable: 0, atMs: started };
  const lane = async () => {
    while (performance.now() < started + warmUpMs + milliseconds) {
      const number = ++made;
      const file = openSync(join(place, `${concurrency}-${number}`), 'wx');
      writeSync(file, bytes);
      await sync(file);
      closeSync(file);
      if (number % namesPerSync === 0) await sync(names);
      durable++;
      if (before.atMs === started && performance.now() > started + warmUpMs) before = { durable, atMs: performance.now() };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  await sync(names);
  return ((durable - before.durable) * 1000) / (performance.now() - before.atMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [place = '', ...numbers] = process.argv.slice(2);
  const [sizeBytes = 0, concurrency = 0, milliseconds = 0] = numbers.map(Number);
  console.log(await writeDurably(place, sizeBytes, concurrency, milliseconds));
}
