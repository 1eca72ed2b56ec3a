// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { benchDisk } from './disk.mjs';
import { diskFloorRate } from './disk-floor.mjs';
import { durableRun } from './durable-run.mjs';
import { besideFloor, durableFloors } from './floors.mjs';
import { sealOnlyRate } from './seal-only.mjs';
import { makeSite } from './site.mjs';

/** @typedef {Record<string, Record<string, number>>} Ratios by what is measured and floor */

const sizeBytes = 20_000;
const floorMs = 700;
const mostLost = 0.25;

/**
 * The ratios to compare from one commit to the next, measured in half a minute, and printed.
 * @param {string | undefined} directory
 * @returns {Promise<Ratios>}
 */
export async function quick(directory) {
  const disk = benchDisk(directory);
  const site = makeSite(disk.path);
  try {
    const alone = await besideFloor(site, sizeBytes, floorMs, () =>
      sealOnlyRate({ site, sizeBytes, threads: availableParallelism(), milliseconds: 1500 }),
    );
    const { measured, c } = await besideFloor(site, sizeBytes, floorMs, async () => ({
      durable: (await durableRun(site, 8000, sizeBytes)).laterRate,
      files: await diskFloorRate({ directory: site.directory, sizeBytes, milliseconds: floorMs }),
    }));
    const { d, f } = durableFloors(c, measured.files.rate);
    console.log(
      `sealing alone ${alone.measured.toFixed(0)} msg/s, C ${alone.c.toFixed(0)}; durable ${measured.durable.toFixed(0)} msg/s (second half of 8000), C ${c.toFixed(0)}, D ${d.toFixed(0)}, F ${f.toFixed(0)}`,
    );
    const ratios = { 'seal-only': { C: alone.measured / alone.c }, durable: { C: measured.durable / c, F: measured.durable / f } };
    for (const line of linesOf(ratios)) console.log(line);
    return ratios;
  } finally {
    site.remove();
    disk.remove();
  }
}

/**
 * Measures, and compares with what was recorded; on a miss once more, and takes the better of the two. Returns whether nothing was lost.
 * What is durable is slower only if it lost to both of its floors: a slower disk, or a faster one, moves one of them alone.
 * @param {string | undefined} directory
 * @param {string} file
 */
export async function checkQuick(directory, file) {
  /** @type {Ratios} */
  const recorded = JSON.parse(readFileSync(file, 'utf8'));
  let ratios = await quick(directory);
  if (slower(ratios, recorded).length > 0) {
    console.log(`more than ${100 * mostLost} % below ${file}: measured once more, for the machine may have been busy`);
    ratios = merged([ratios, await quick(directory)], (both) => Math.max(...both));
  }
  const lost = slower(ratios, recorded);
  for (const what of lost) {
    const floors = Object.entries(ratios[what] ?? {}).map(
      ([floor, ratio]) => `${ratio.toFixed(3)} of ${floor}, was ${recorded[what]?.[floor]}`,
    );
    console.log(`FAILED: ${what} fell by more than ${100 * mostLost} % against ${file}: ${floors.join('; ')}`);
  }
  if (lost.length === 0) console.log(`no ratio fell by more than ${100 * mostLost} % against ${file}`);
  return lost.length === 0;
}

/**
 * Records the median of three measurements.
 * @param {string | undefined} directory
 * @param {string} file
 */
export async function recordQuick(directory, file) {
  const measured = [await quick(directory), await quick(directory), await quick(directory)];
  const medians = merged(measured, (ratios) => Number((ratios.toSorted((a, b) => a - b)[1] ?? 0).toFixed(3)));
  writeFileSync(file, `${JSON.stringify(medians, undefined, 2)}\n`);
}

/** @param {Ratios} ratios */
function linesOf(ratios) {
  return Object.entries(ratios).flatMap(([what, floors]) =>
    Object.entries(floors).map(([floor, ratio]) => `ratio to floor: ${what} 20 KB ${ratio.toFixed(3)} of ${floor}`),
  );
}

/**
 * @param {Ratios} ratios
 * @param {Ratios} recorded
 */
function slower(ratios, recorded) {
  return Object.entries(ratios)
    .filter(([what, floors]) =>
      Object.entries(floors).every(([floor, ratio]) => {
        const before = recorded[what]?.[floor];
        if (before === undefined) throw new Error(`no ratio of ${what} to ${floor} is recorded: record it with --quick --record FILE`);
        return ratio < (1 - mostLost) * before;
      }),
    )
    .map(([what]) => what);
}

/**
 * @param {Ratios[]} measured all of the same things
 * @param {(ratios: number[]) => number} merge
 * @returns {Ratios}
 */
function merged(measured, merge) {
  return Object.fromEntries(
    Object.entries(measured[0] ?? {}).map(([what, floors]) => [
      what,
      Object.fromEntries(Object.keys(floors).map((floor) => [floor, merge(measured.map((each) => each[what]?.[floor] ?? 0))])),
    ]),
  );
}
