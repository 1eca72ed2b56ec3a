/**
 * How many bytes all workers together may have in flight (I7). A worker reserves before it reads and holds nothing while it waits, so
 * that waiting cannot lock up; what alone is larger than the budget is let through when nothing else is in flight.
 */
export class ByteBudget {
  private readonly inUseKiB: Int32Array;
  private readonly limitKiB: number;

  constructor(shared: SharedArrayBuffer, limitBytes: number) {
    this.inUseKiB = new Int32Array(shared);
    this.limitKiB = toKiB(limitBytes);
  }

  static shared(): SharedArrayBuffer {
    return new SharedArrayBuffer(4);
  }

  /** Blocks the calling thread until the bytes are free; for worker threads only. Returns what gives them back. */
  reserve(bytes: number): () => void {
    const wanted = toKiB(bytes);
    for (;;) {
      const inUse = Atomics.load(this.inUseKiB, 0);
      if (inUse === 0 || inUse + wanted <= this.limitKiB) {
        if (Atomics.compareExchange(this.inUseKiB, 0, inUse, inUse + wanted) === inUse) break;
      } else {
        Atomics.wait(this.inUseKiB, 0, inUse, 1000);
      }
    }
    return () => {
      Atomics.sub(this.inUseKiB, 0, wanted);
      Atomics.notify(this.inUseKiB, 0);
    };
  }
}

function toKiB(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
