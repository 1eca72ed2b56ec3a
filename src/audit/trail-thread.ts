import { parentPort, workerData } from 'node:worker_threads';
import { trailOf } from './trail.js';

const { directory, ids, since } = workerData as { directory: string; ids: readonly string[]; since: number };
parentPort?.postMessage(trailOf(directory, new Set(ids), new Date(since)));
