// @ts-check
import { availableParallelism } from 'node:os';
import { besideFloor } from './floors.mjs';
import { sealOnlyRate } from './seal-only.mjs';
import { makeSite } from './site.mjs';

/**
 * Sealing alone, in memory, and how it stands to the bare primitives measured in the same run.
 * @param {{ path: string }} disk where the keys are
 * @param {number} sizeBytes
 */
export async function sealOnly(disk, sizeBytes) {
  const site = makeSite(disk.path);
  try {
    const { measured, c } = await besideFloor(site, sizeBytes, 2000, () =>
      sealOnlyRate({ site, sizeBytes, threads: availableParallelism(), milliseconds: 4000 }),
    );
    console.log(
      `${sizeBytes} bytes, RSA-2048, signed and encrypted, in memory: ${measured.toFixed(0)} msg/s; floor C ${c.toFixed(0)} msg/s; ratio to floor ${(measured / c).toFixed(2)} of C`,
    );
  } finally {
    site.remove();
  }
}
