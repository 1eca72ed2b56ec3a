// @ts-check
// Takes files out of a directory as an MTA does, in a process of its own, and remembers when each was seen.
import { fork } from 'node:child_process';
import { unlinkSync, watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './at-end.mjs';
import { now } from './wait.mjs';

/**
 * @typedef {object} Pickups
 * @property {string[]} names
 * @property {number[]} atMs milliseconds of the system's monotonic clock, in the order of the names
 * @property {number} cpuMs what the process took
 */

/**
 * @param {string} directory
 * @returns {Promise<{ taken: () => Promise<Pickups>, stop: () => void }>} `taken`: since it was called before
 */
export async function startPickups(directory) {
  const child = endsWithUs(fork(fileURLToPath(import.meta.url), [directory], { serialization: 'advanced' }));
  let stopping = false;
  child.once('exit', (status) => {
    if (!stopping) throw new Error(`taking files out of ${directory} failed: exit ${status}`);
  });
  const answer = () => new Promise((resolve) => child.once('message', resolve));
  await answer();
  return {
    taken: () => {
      child.send('report');
      return answer();
    },
    stop: () => {
      stopping = true;
      child.kill();
    },
  };
}

/** @param {string} directory */
function take(directory) {
  /** @type {Pickups} */
  let report = { names: [], atMs: [], cpuMs: 0 };
  let before = process.cpuUsage();
  /** Each removal is an event too. @type {Set<string>} */
  const removed = new Set();
  watch(directory, (_event, name) => {
    // An MTA passes over names with a dot as well: sealdrop tries a rename with such a one.
    if (name === null || name.startsWith('.') || removed.delete(name)) return;
    report.names.push(name);
    report.atMs.push(now());
    removed.add(name);
    unlinkSync(`${directory}/${name}`);
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ ...report, cpuMs: (user + system) / 1000 });
    report = { names: [], atMs: [], cpuMs: 0 };
    before = process.cpuUsage();
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) take(process.argv[2] ?? '');
