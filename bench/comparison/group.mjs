// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { benchDisk } from '../disk.mjs';
import { floorRate } from '../floor.mjs';
import { mail, makeSite } from '../site.mjs';
import { SIZES } from './cases.mjs';
import { contestants } from './contestants.mjs';

const threads = availableParallelism();

/**
 * Measures the wanted programs with mail of one size and keys of one kind, one after the other; and the floor before each and after the last.
 * @param {import('./contestants.mjs').Wanted & { size: import('./cases.mjs').SizeName, key: import('./cases.mjs').KeyName, dir: string | undefined }} wanted
 * @returns {Promise<import('./cases.mjs').Group>}
 */
export async function measureGroup(wanted) {
  const { size, key, dir } = wanted;
  const { sizeBytes } = SIZES[size];
  const disk = benchDisk(dir);
  const site = makeSite(disk.path, key);
  /** @type {number[]} */
  const floors = [];
  const measureFloor = async () => {
    const rate = await floorRate({ keys: site.keys, sizeBytes, threads, milliseconds: 1000 });
    floors.push(rate);
    return rate;
  };
  /** @type {import('./cases.mjs').Row[]} */
  const rows = [];
  try {
    const { taking, skipped } = contestants({ ...site, mails: someMail(site.directory, sizeBytes), sizeBytes, threads }, key, wanted);
    for (const { program, version, measure } of taking) {
      process.stderr.write(`${size}, ${key}: ${program} ${version}\n`);
      rows.push({ program, version, ...(await measure(await measureFloor())) });
    }
    await measureFloor();
    const rate = floors.reduce((sum, each) => sum + each, 0) / floors.length;
    const floor = { rate, least: Math.min(...floors), most: Math.max(...floors), cpuMs: (threads * 1000) / rate };
    return { size, key, machine: machine(disk.kind), floor, rows, skipped };
  } finally {
    site.remove();
    disk.remove();
  }
}

/**
 * The files that the alternatives take one after the other: not so many that they would not stay in the page cache.
 * @param {string} directory
 * @param {number} sizeBytes
 */
function someMail(directory, sizeBytes) {
  const path = join(directory, 'mails');
  mkdirSync(path);
  const count = Math.min(50, Math.max(2, Math.floor(50_000_000 / sizeBytes)));
  for (let n = 0; n < count; n++) writeFileSync(join(path, `${n}.eml`), mail(n, sizeBytes));
  return path;
}

/** @param {string} disk */
function machine(disk) {
  return `${threads} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}, ${disk}`;
}
