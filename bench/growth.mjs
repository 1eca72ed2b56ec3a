// @ts-check
import { watch } from 'node:fs';
import { benchDisk } from './disk.mjs';
import { fillWithMany } from './fill.mjs';
import { makeSite, startDaemon, usageOf } from './site.mjs';
import { end, until } from './wait.mjs';

const sizeBytes = 2000;
/** Messages whose rate is measured, from the first one on: as many in each case that has them, so that V8 is as warm in each. */
const window = 9_000;

/**
 * What it costs that more and more files wait when the daemon starts: each number on a file system of its own.
 * @param {string | undefined} directory where to measure instead
 * @param {number[]} counts
 */
export async function growth(directory, counts) {
  for (const count of counts) {
    // Twice as many: our own copies and sealed ones. The same number in all cases, for the file system's layout depends on it.
    const disk = benchDisk(directory, { files: 2 * Math.max(...counts) });
    try {
      await waiting(disk, count);
    } finally {
      disk.remove();
    }
  }
}

/**
 * Time to the first message, rate over the first 9,000, and peak memory until then, of a daemon before which `count` files wait.
 * @param {{ path: string }} disk
 * @param {number} count
 */
export async function waiting(disk, count) {
  const site = makeSite(disk.path);
  try {
    const filling = performance.now();
    await fillWithMany(site, count, sizeBytes);
    const started = performance.now();
    // One event for each rename into it: less than counting files over and over.
    /** @type {number[]} */
    const arrivals = [];
    const watcher = watch(site.pickup, () => arrivals.push(performance.now()));
    const daemon = startDaemon(site);
    const wanted = Math.min(window, 0.9 * count);
    await until(daemon, () => arrivals.length >= wanted);
    const { peakMiB } = usageOf(daemon.pid ?? 0);
    watcher.close();
    await end(daemon, 'SIGKILL');
    const [first = started] = arrivals;
    const rate = ((wanted - 1) * 1000) / ((arrivals[wanted - 1] ?? 0) - first);
    console.log(
      `${count} files of ${sizeBytes} bytes waiting at start: first message after ${((first - started) / 1000).toFixed(2)} s, ${rate.toFixed(0)} msg/s over the first ${wanted}, peak memory ${peakMiB.toFixed(0)} MiB (filled in ${((started - filling) / 1000).toFixed(0)} s)`,
    );
  } finally {
    site.remove();
  }
}
