import type { SealdropError } from '../../errors.js';

export interface LaneWorld<Item> {
  /** Items under way at the same time. */
  readonly connections: number;
  /** A server that does not serve is asked once, and what is left stays where it is. */
  readonly once: boolean;
  /** Takes the item as far as it goes. A `wait` fault returned: the server as a whole does not serve, and the item has to come again. */
  readonly carry: (item: Item) => Promise<SealdropError | undefined>;
  /** The item is not tried again in this run. */
  readonly left: (item: Item) => void;
  /** Told of the fault while the server does not serve, undefined when it does. */
  readonly waits: (fault: SealdropError | undefined) => void;
  readonly failed: (error: unknown) => void;
}

const firstPauseMs = 5000;
const longestPauseMs = 60_000;

/**
 * One way's queue. While its server does not serve, one item at a time asks whether it is back, after pauses that double up to a minute or
 * as long as the server said; that counts no attempt (I8), and no other way knows of it.
 */
export class Lane<Item> {
  private readonly world: LaneWorld<Item>;
  private readonly queue: Item[] = [];
  private running = 0;
  private faults = 0;
  private pause: NodeJS.Timeout | undefined;
  private over = false;
  private wakers: (() => void)[] = [];

  constructor(world: LaneWorld<Item>) {
    this.world = world;
  }

  get depth(): number {
    return this.queue.length + this.running;
  }

  /** False while its server does not serve. */
  get isServed(): boolean {
    return this.faults === 0;
  }

  add(item: Item): void {
    if (this.over) {
      this.world.left(item);
      return;
    }
    this.queue.push(item);
    this.next();
  }

  /** Begins nothing new: what is queued stays where it lies on disk. */
  halt(): void {
    this.over = true;
    this.queue.length = 0;
    clearTimeout(this.pause);
  }

  /** Resolves when nothing is queued or under way. */
  async settled(): Promise<void> {
    while (this.depth > 0) await new Promise<void>((resolve) => this.wakers.push(resolve));
  }

  private next(): void {
    const bound = this.faults > 0 ? 1 : this.world.connections;
    while (!this.over && this.pause === undefined && this.running < bound) {
      const item = this.queue.shift();
      if (item === undefined) return;
      this.running++;
      this.world
        .carry(item)
        .then((fault) => (fault === undefined ? this.serves() : this.comesAgain(item, fault)))
        .catch((error: unknown) => this.world.failed(error))
        .finally(() => {
          this.running--;
          this.next();
          const wakers = this.wakers;
          this.wakers = [];
          for (const wake of wakers) wake();
        });
    }
  }

  private serves(): void {
    this.faults = 0;
    clearTimeout(this.pause);
    this.pause = undefined;
    this.world.waits(undefined);
  }

  private comesAgain(item: Item, fault: SealdropError): void {
    this.world.waits(fault);
    if (this.over || this.world.once) {
      this.over = true;
      for (const each of [item, ...this.queue.splice(0)]) this.world.left(each);
      return;
    }
    // Behind the others: if it was this item that the fault is about, it holds up nobody.
    this.queue.push(item);
    if (this.pause !== undefined) return;
    const pauseMs = Math.max(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, this.faults)), fault.retryAfterMs ?? 0);
    this.faults++;
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.next();
    }, pauseMs);
  }
}
