// @ts-check
// Drops files at given times, in a process of its own, so that it disturbs as little and is disturbed as little as can be.
import { fork } from 'node:child_process';
import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './at-end.mjs';
import { now } from './wait.mjs';

/**
 * @typedef {object} Drops
 * @property {number[]} due when each was to be dropped: milliseconds of the system's monotonic clock
 * @property {number[]} atMs when its rename began
 * @property {number} cpuMs what the process took
 */

/**
 * Renames `<from + n>.eml` for n from 0 to count - 1 from one directory into another: as arrivals of a Poisson process, whose times are
 * fixed before the first, so that a slow receiver delays none of them.
 * @param {{ doorTmp: string, doorNew: string }} site
 * @param {{ from: number, count: number, perSecond: number }} load
 * @returns {Promise<Drops>}
 */
export function drop({ doorTmp, doorNew }, load) {
  const child = endsWithUs(fork(fileURLToPath(import.meta.url), { serialization: 'advanced' }));
  child.send({ doorTmp, doorNew, ...load });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (status) => reject(new Error(`dropping failed: exit ${status}`)));
  });
}

/** @param {{ doorTmp: string, doorNew: string, from: number, count: number, perSecond: number }} order */
function dropAll({ doorTmp, doorNew, from, count, perSecond }) {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const due = [];
  for (let at = now() + 20; due.length < count; at += (-Math.log(1 - Math.random()) * 1000) / perSecond) due.push(at);
  const atMs = [];
  const before = process.cpuUsage();
  for (const [n, dueMs] of due.entries()) {
    // A timer would come up to a millisecond late.
    for (let early = dueMs - now(); early > 0; early = dueMs - now()) Atomics.wait(sleeper, 0, 0, early);
    atMs.push(now());
    renameSync(`${doorTmp}/${from + n}.eml`, `${doorNew}/${from + n}.eml`);
  }
  const { user, system } = process.cpuUsage(before);
  process.send?.({ due, atMs, cpuMs: (user + system) / 1000 }, () => process.disconnect());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.once('message', dropAll);
