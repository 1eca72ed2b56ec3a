import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../src/daemon/worker/byte-budget.js';
import { waitFor } from '../../kit/wait-for.js';

const KiB = 1024;
const dist = new URL('../../../dist/daemon/worker/byte-budget.js', import.meta.url).href;

describe('ByteBudget', () => {
  it('lets through what fits, and alone what is larger than the whole', async () => {
    const budget = new ByteBudget(ByteBudget.shared(), 10 * KiB);
    const first = await budget.reserve(4 * KiB);
    const second = await budget.reserve(6 * KiB);
    first();
    second();
    (await budget.reserve(100 * KiB))();
    (await budget.reserve(10 * KiB))();
  });

  it('makes another thread wait until the bytes are given back', async () => {
    const shared = ByteBudget.shared();
    const budget = new ByteBudget(shared, 10 * KiB);
    const release = await budget.reserve(8 * KiB);
    const state = new Int32Array(new SharedArrayBuffer(4));
    const code = `
      const { workerData } = require('node:worker_threads');
      import(${JSON.stringify(dist)}).then(({ ByteBudget }) => {
        const state = new Int32Array(workerData.state);
        Atomics.store(state, 0, 1);
        new ByteBudget(workerData.shared, ${10 * KiB}).reserve(${4 * KiB}).then(() => Atomics.store(state, 0, 2));
      });`;
    const worker = new Worker(code, { eval: true, workerData: { shared, state: state.buffer } });
    await waitFor('the worker to ask', () => Atomics.load(state, 0) === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Atomics.load(state, 0)).toBe(1);
    release();
    await waitFor('the worker to go on', () => Atomics.load(state, 0) === 2);
    await worker.terminate();
  });
});
