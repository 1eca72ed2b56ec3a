// @ts-check
// node bench/verify.mjs [--messages N] [--signed] [--dir D] [--rounds R] [--cold]
//   How fast an archive is verified, beside sha256sum over the same files, those of the trail too: hashes only, and signatures recomputed. The
//   archive is made by make-archive.mjs, or is the one in D. --cold: the page cache is dropped before each (root). Prints medians, and the ratios
//   of each round, as JSON: of the comparison with the archive's files alone, and of the whole command with the trail.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeArchive } from './make-archive.mjs';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    signed: { type: 'boolean', default: false },
    dir: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    cold: { type: 'boolean', default: false },
  },
});
const directory = values.dir ?? `/var/tmp/sealdrop-verify-${process.pid}`;
if (!existsSync(join(directory, 'sealdrop.yaml')))
  await makeArchive({ directory, messages: Number(values.messages), signed: values.signed });
const config = join(directory, 'sealdrop.yaml');
const files = Number(execFileSync('bash', ['-c', `find ${join(directory, 'spool/archive')} -name '*.eml' | wc -l`], { encoding: 'utf8' }));

const [archive, audit] = ['archive', 'audit'].map((name) => join(directory, 'spool', name));
const sums = (/** @type {string} */ places) => ['bash', '-c', `find ${places} -type f -print0 | sort -z | xargs -0 sha256sum > /dev/null`];
const ways = {
  sha256sum: sums(`${archive} ${audit}`),
  sha256sumOfFilesAlone: sums(`${archive}`),
  hashesOnly: [process.execPath, main, 'archive', 'verify', '-c', config, '--hashes-only', '--full-speed', '--json'],
  withSignatures: [process.execPath, main, 'archive', 'verify', '-c', config, '--full-speed', '--json'],
};

/** @type {Record<string, { seconds: number, filesSeconds: number, peakMiB: number }[]>} */
const rounds = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, command] of Object.entries(ways)) {
    if (values.cold) dropCaches();
    rounds[name]?.push(await timed(command));
  }
}
const medians = Object.fromEntries(Object.entries(rounds).map(([name, runs]) => [name, median(runs.map(({ seconds }) => seconds))]));
const { sha256sum = 1 } = medians;
console.log(
  JSON.stringify(
    {
      files,
      cache: values.cold ? 'cold' : 'warm',
      perSecond: mapped(medians, (seconds) => Math.round(files / seconds)),
      ofSha256sum: mapped(medians, (seconds) => Number((sha256sum / seconds).toFixed(2))),
      filesAloneOfEachRound: mapped(rounds, (runs) =>
        runs.map(({ filesSeconds }, round) => Number(((rounds.sha256sumOfFilesAlone?.[round]?.seconds ?? 0) / filesSeconds).toFixed(2))),
      ),
      ratioOfEachRound: mapped(rounds, (runs) =>
        runs.map(({ seconds }, round) => Number(((rounds.sha256sum?.[round]?.seconds ?? 0) / seconds).toFixed(2))),
      ),
      peakMiB: mapped(rounds, (runs) => Math.max(...runs.map(({ peakMiB }) => peakMiB))),
    },
    null,
    2,
  ),
);
if (values.dir === undefined) rmSync(directory, { recursive: true });

/** @param {string[]} command */
async function timed([program = '', ...args]) {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(child.pid ?? 0));
  }, 50);
  const code = await new Promise((ended) => child.on('close', ended));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
  const seconds = (performance.now() - started) / 1000;
  const filesSeconds = output === '' ? seconds : JSON.parse(output).seconds.archive;
  return { seconds, filesSeconds, peakMiB };
}

/** @param {number} pid */
function peakOf(pid) {
  try {
    return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function dropCaches() {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

/** @param {number[]} numbers */
function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/**
 * @template T, R
 * @param {Record<string, T>} record
 * @param {(value: T) => R} change
 */
function mapped(record, change) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
