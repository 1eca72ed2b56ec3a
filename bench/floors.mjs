// @ts-check
import { availableParallelism } from 'node:os';
import { floorRate } from './floor.mjs';

/**
 * What is measured, and C: the mean rate of the bare primitives of one message, before it and after it, in messages per second.
 * @template T
 * @param {import('./site.mjs').Site} site
 * @param {number} sizeBytes
 * @param {number} milliseconds for each of the two
 * @param {() => Promise<T>} measure
 */
export async function besideFloor(site, sizeBytes, milliseconds, measure) {
  const bare = () => floorRate({ keys: site.keys, sizeBytes, threads: availableParallelism(), milliseconds });
  const before = await bare();
  const measured = await measure();
  return { measured, c: (before + (await bare())) / 2 };
}

/**
 * D: half the rate of bare durable files, for a message makes two. F: the rate if each message's primitives and its files came one after the
 * other, and nothing else were to be done.
 * @param {number} c
 * @param {number} filesPerSecond
 */
export function durableFloors(c, filesPerSecond) {
  const d = filesPerSecond / 2;
  return { d, f: 1 / (1 / c + 1 / d) };
}
