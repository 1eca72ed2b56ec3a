// @ts-check
import { diskFloorRate } from './disk-floor.mjs';
import { durableRun } from './durable-run.mjs';
import { besideFloor, durableFloors } from './floors.mjs';
import { makeSite } from './site.mjs';

/**
 * Durable throughput, and how it stands to the floors measured in the same run.
 * @param {{ path: string }} disk
 * @param {number} count
 * @param {number} sizeBytes
 */
export async function throughput(disk, count, sizeBytes) {
  const site = makeSite(disk.path);
  try {
    const { measured, c } = await besideFloor(site, sizeBytes, 1500, async () => ({
      run: await durableRun(site, count, sizeBytes),
      files: await diskFloorRate({ directory: site.directory, sizeBytes, milliseconds: 1000 }),
    }));
    const { run, files } = measured;
    const { d, f } = durableFloors(c, files.rate);
    const ratios = (/** @type {number} */ rate) => `${(rate / c).toFixed(2)} of C, ${(rate / f).toFixed(2)} of F`;
    console.log(
      `${sizeBytes} bytes, RSA-2048, signed and encrypted, durable: ${run.rate.toFixed(0)} msg/s, ${run.laterRate.toFixed(0)} msg/s in the second half; peak ${run.peakMiB.toFixed(0)} MiB; floors: C ${c.toFixed(0)} msg/s, D ${d.toFixed(0)} msg/s (two files each, ${files.concurrency} at a time), F ${f.toFixed(0)} msg/s`,
    );
    console.log(`ratio to floor: ${ratios(run.rate)}; in the second half ${ratios(run.laterRate)}`);
  } finally {
    site.remove();
  }
}
