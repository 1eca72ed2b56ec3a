import { Worker } from 'node:worker_threads';
import { MAX_INPUT_BYTES } from './mutate-bytes.js';

/** Kills this process, input written down first, when one execution never ends: nothing inside the process could. */
export interface Watchdog {
  begin(target: string, input: Buffer): void;
  rest(): void;
  stop(): Promise<void>;
}

const HEAD_BYTES = 16;
const NAME_BYTES = 64;

/** Shared: a counter of executions (0 = resting), the input's length, the target's name, the input. */
export function startWatchdog(directory: string, deadlineMs: number): Watchdog {
  const shared = new SharedArrayBuffer(HEAD_BYTES + NAME_BYTES + MAX_INPUT_BYTES);
  const numbers = new Int32Array(shared, 0, 2);
  const bytes = Buffer.from(shared);
  const worker = new Worker(WATCH, { eval: true, workerData: { shared, directory, deadlineMs, HEAD_BYTES, NAME_BYTES } });
  worker.unref();
  let executions = 0;
  return {
    begin(target, input) {
      executions = (executions % 0x7ffffffe) + 1;
      bytes.fill(0, HEAD_BYTES, HEAD_BYTES + NAME_BYTES).write(target, HEAD_BYTES, NAME_BYTES, 'latin1');
      Atomics.store(numbers, 1, input.copy(bytes, HEAD_BYTES + NAME_BYTES));
      Atomics.store(numbers, 0, executions);
    },
    rest() {
      Atomics.store(numbers, 0, 0);
    },
    async stop() {
      await worker.terminate();
    },
  };
}

const WATCH = `
const { workerData } = require('node:worker_threads');
const { mkdirSync, writeFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');
const { shared, directory, deadlineMs, HEAD_BYTES, NAME_BYTES } = workerData;
const numbers = new Int32Array(shared, 0, 2);
const bytes = Buffer.from(shared);
let last = 0;
let since = Date.now();
setInterval(() => {
  const now = Atomics.load(numbers, 0);
  if (now !== last || now === 0) { last = now; since = Date.now(); return; }
  if (Date.now() - since < deadlineMs) return;
  const target = bytes.toString('latin1', HEAD_BYTES, HEAD_BYTES + NAME_BYTES).replace(/\\0+$/, '');
  const file = join(directory, target + '-never-ends');
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, bytes.subarray(HEAD_BYTES + NAME_BYTES, HEAD_BYTES + NAME_BYTES + numbers[1]));
  writeSync(2, 'An execution of ' + target + ' did not end in ' + deadlineMs / 1000 + ' s; its input is ' + file + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 500);
`;
