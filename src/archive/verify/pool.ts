import { Worker } from 'node:worker_threads';

/** Threads of one kind, each doing one task at a time. */
export class Pool {
  private readonly workers: readonly Worker[];

  constructor(script: URL, jobs: number, workerData: unknown) {
    this.workers = Array.from({ length: jobs }, () => new Worker(script, { workerData }));
  }

  /**
   * Has all tasks done, and calls `each` with their results in the order of the tasks. Tasks are asked for as threads become free, and never
   * far ahead of the oldest that is not done: memory is bounded. Rejects with the first error.
   */
  run<T, R>(tasks: Iterable<T>, each: (task: T, result: R) => void): Promise<void> {
    const iterator = tasks[Symbol.iterator]();
    const ahead = 16 * this.workers.length;
    const running = new Map<Worker, { task: T; index: number }>();
    const done = new Map<number, { task: T; result: R }>();
    let [asked, delivered] = [0, 0];
    let ended = false;
    return new Promise<void>((resolve, reject) => {
      const next = (worker: Worker) => {
        if (ended || asked - delivered >= ahead) return;
        const { value: task, done: last } = iterator.next();
        if (last === true) {
          ended = true;
          return;
        }
        running.set(worker, { task, index: asked++ });
        worker.postMessage(task);
      };
      const deliver = () => {
        for (let ready = done.get(delivered); ready !== undefined; ready = done.get(delivered)) {
          done.delete(delivered++);
          each(ready.task, ready.result);
        }
      };
      const fillUp = () => {
        for (const worker of this.workers) if (!running.has(worker)) next(worker);
        if (ended && running.size === 0) resolve();
      };
      const guarded = (step: () => void) => {
        try {
          step();
        } catch (error) {
          reject(error);
        }
      };
      for (const worker of this.workers) {
        worker.removeAllListeners();
        worker.on('error', reject).on('exit', (code) => reject(new Error(`a thread of the verification ended with ${code}`)));
        worker.on('message', (result: R) =>
          guarded(() => {
            const finished = running.get(worker);
            running.delete(worker);
            if (finished === undefined) return;
            done.set(finished.index, { task: finished.task, result });
            // The thread first: it works on while its result is looked at.
            next(worker);
            deliver();
            fillUp();
          }),
        );
      }
      guarded(fillUp);
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      this.workers.map((worker) => {
        worker.removeAllListeners();
        return worker.terminate();
      }),
    );
  }
}
