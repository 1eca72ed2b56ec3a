import { Worker } from 'node:worker_threads';
import type { TrailRecord } from './trail.js';

/** `trailOf` in a thread of its own: a busy day's trail takes seconds to read, in which the daemon has to go on writing it. */
export function trailAside(directory: string, ids: ReadonlySet<string>, since: Date): Promise<Map<string, TrailRecord[]>> {
  if (ids.size === 0) return Promise.resolve(new Map());
  const thread = new Worker(new URL('./trail-thread.js', import.meta.url), {
    workerData: { directory, ids: [...ids], since: since.getTime() },
  });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that reads the audit trail ended with ${code}`)));
  });
}
