// @ts-check
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../alternatives/installed.mjs';
import { runAlternative } from '../alternatives/run.mjs';
import { durableRun } from '../durable-run.mjs';
import { checkOpens } from './check-opens.mjs';
import { sealingAlone } from './sealing-alone.mjs';

/** What the command line knows the programs by. */
export const PROGRAMS = /** @type {const} */ ([
  'sealdrop',
  'sealing-alone',
  'M2Crypto',
  'cryptography',
  'BouncyCastle',
  'openssl',
  'node-forge',
]);

/** @typedef {{ programs: readonly string[], seconds: number }} Wanted names of PROGRAMS; how long each is measured, once it is warm */

/** @typedef {import('../site.mjs').Site & { mails: string, sizeBytes: number, threads: number }} Place */

/**
 * @typedef {object} Contestant
 * @property {string} program
 * @property {string} version
 * @property {(floorRate: number) => Promise<import('../alternatives/run.mjs').Figures & { wholeRate?: number }>} measure
 */

/**
 * Those of the wanted programs that can take part, and why the others cannot. Each looks once whether what it made can be opened.
 * @param {Place} place
 * @param {import('./cases.mjs').KeyName} key
 * @param {Wanted} wanted
 * @returns {{ taking: Contestant[], skipped: import('./cases.mjs').Group['skipped'] }}
 */
export function contestants(place, key, { programs, seconds }) {
  const { keys, mails, sizeBytes, threads } = place;
  const check = (/** @type {string} */ sealed) => checkOpens(place, sealed, sizeBytes);
  const work = join(place.directory, 'bench');
  mkdirSync(work);
  const alone = { sizeBytes, threads, milliseconds: seconds * 1000 };
  const { programs: alternatives, missing } = installed(programs, work);
  const unable = key === 'p-256' ? alternatives.filter(({ name }) => name === 'node-forge') : [];
  /** @type {Contestant[]} */
  const all = [
    { program: 'sealdrop', version: '', measure: (floorRate) => durably(place, floorRate * seconds, check) },
    { program: 'sealing-alone', version: '', measure: () => sealingAlone(place, alone) },
  ];
  return {
    taking: [
      ...all.filter(({ program }) => programs.includes(program)),
      ...alternatives
        .filter((each) => !unable.includes(each))
        .map((each) => ({
          program: each.name,
          version: each.version,
          measure: () => runAlternative(each, { keys, mails, work, seconds, check }),
        })),
    ],
    skipped: [...missing, ...unable.map(({ name }) => ({ name, reason: 'it has no elliptic curves' }))],
  };
}

/**
 * The second half of a run of the daemon: its first seconds are its warm-up.
 * @param {Place} place
 * @param {number} atMost messages that the bare primitives would take for the time
 * @param {(sealed: string) => void} check
 */
async function durably(place, atMost, check) {
  const count = Math.round(Math.max(8, Math.min(atMost * 0.6, 20_000, 1e9 / place.sizeBytes)));
  const { rate, laterRate, laterCpuMs, peakMiB } = await durableRun(place, count, place.sizeBytes);
  check(join(place.pickup, readdirSync(place.pickup)[0] ?? ''));
  return { rate: laterRate, wholeRate: rate, cpuMs: laterCpuMs, peakMiB };
}
