// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './at-end.mjs';
import { mail } from './site.mjs';
import { ended } from './wait.mjs';

/**
 * As `fill`, for very many files: one process a core, each with its share of the numbers.
 * @param {{ doorNew: string }} site
 * @param {number} count
 * @param {number} sizeBytes
 */
export async function fillWithMany({ doorNew }, count, sizeBytes) {
  const processes = availableParallelism();
  const shares = Array.from({ length: processes }, (_, share) => [
    fileURLToPath(import.meta.url),
    doorNew,
    share,
    processes,
    count,
    sizeBytes,
  ]);
  await Promise.all(shares.map((args) => succeeds(process.execPath, args.map(String))));
  await succeeds('sync', ['--file-system', doorNew]);
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function succeeds(command, args) {
  const child = endsWithUs(spawn(command, args, { stdio: 'inherit' }));
  await ended(child);
  if (child.exitCode !== 0) throw new Error(`${command} failed: exit ${child.exitCode ?? child.signalCode}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory, ...numbers] = process.argv.slice(2);
  const [first = 0, step = 1, count = 0, sizeBytes = 0] = numbers.map(Number);
  for (let number = first; number < count; number += step) {
    const file = openSync(`${directory}/${number}.eml`, 'wx');
    writeSync(file, mail(number, sizeBytes), null, 'latin1');
    closeSync(file);
  }
}
