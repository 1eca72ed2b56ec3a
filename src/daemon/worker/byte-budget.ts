/**
 * How many bytes all workers together may have in flight (I7). A batch reserves before it reads and holds nothing while it waits, so
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

  /** Waits until the bytes are free, without blocking the thread: another batch of it may be the one to give them back. */
  async reserve(bytes: number): Promise<() => void> {
    const wanted = toKiB(bytes);
    for (;;) {
      const inUse = Atomics.load(this.inUseKiB, 0);
      if (inUse === 0 || inUse + wanted <= this.limitKiB) {
        if (Atomics.compareExchange(this.inUseKiB, 0, inUse, inUse + wanted) === inUse) break;
      } else {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    }
    return () => {
      Atomics.sub(this.inUseKiB, 0, wanted);
    };
  }
}

const pollMs = 5;

function toKiB(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
