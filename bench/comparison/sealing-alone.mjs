// @ts-check
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from '../at-end.mjs';
import { sealOnlyRate } from '../seal-only.mjs';

/**
 * Sealing alone (seal-only.mjs) in a process of its own, so that its memory and processor time are its own.
 * @param {{ config: string }} site
 * @param {{ sizeBytes: number, threads: number, milliseconds: number }} options
 * @returns {Promise<import('../alternatives/run.mjs').Figures>}
 */
export async function sealingAlone({ config }, options) {
  const args = ['--max-semi-space-size=2', fileURLToPath(import.meta.url), JSON.stringify({ site: { config }, ...options })];
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' };
  const child = endsWithUs(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env }));
  const [output, status] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once('exit', resolve))]);
  if (status !== 0) throw new Error(`sealing alone failed: exit ${status}`);
  return JSON.parse(output);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2] ?? '');
  const started = performance.now();
  const rate = await sealOnlyRate(options);
  // The warm-up is in it; while it lasts, the threads are as busy.
  const busy = (process.resourceUsage().userCPUTime + process.resourceUsage().systemCPUTime) / 1000 / (performance.now() - started);
  console.log(JSON.stringify({ rate, cpuMs: (busy * 1000) / rate, peakMiB: process.resourceUsage().maxRSS / 1024 }));
}
