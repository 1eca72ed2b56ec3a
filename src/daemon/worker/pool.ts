import { Worker } from 'node:worker_threads';
import type { AuditWriter } from '../../audit/writer.js';
import type { Config } from '../../config/schema.js';
import type { SealdropError } from '../../errors.js';
import {
  type FromWorker,
  type Offer,
  type PlainFault,
  plainFault,
  type Report,
  revivedFault,
  type ToWorker,
  takesPerWorker,
  type WorkerData,
} from '../protocol.js';
import type { HandedOver } from './context.js';

export interface PoolEvents {
  readonly done: (report: Report) => void;
  readonly waits: (worker: number, fault: ReturnType<typeof plainFault> | undefined) => void;
  readonly handedOver: (message: HandedOver) => void;
  /** A worker could not finish: `wait` under `--once`, otherwise `fatal`. */
  readonly failed: (fault: SealdropError) => void;
}

/** Large enough that the fsyncs of directories and of the audit trail are shared by many, small enough for memory. */
const offersPerTake = 64;
/** From so many on it is worth while that a worker seals one take while another one of its takes waits for the disk. */
const offersToOverlap = 32;
/** Three times the largest semi-space: room for what a worker's batches need, so that it is not copied again and again; garbage stays small. */
const resourceLimits = { maxYoungGenerationSizeMb: 24 };

/** The worker threads, and the queue in front of them. The queue is short: what is not queued waits in the outbox, where it costs nothing. */
export class WorkerPool {
  private readonly workers: Worker[] = [];
  /** How many takes each worker is free for. */
  private readonly free: number[] = [];
  private readonly queue: Offer[] = [];
  /** Offers in the workers' hands. */
  private inHands = 0;
  private readonly audit: AuditWriter;
  private readonly events: PoolEvents;
  private wakers: (() => void)[] = [];
  /** Nothing is offered any more: told to stop, or a worker died. */
  private stopped = false;

  constructor(data: WorkerData, audit: AuditWriter, events: PoolEvents) {
    this.audit = audit;
    this.events = events;
    for (let index = 0; index < data.workers; index++) this.workers.push(this.start(index, data));
  }

  /** Offers queued or in the workers' hands. */
  get depth(): number {
    return this.queue.length + this.inHands;
  }

  /** Resolves when the offer is queued; while the queue is full it waits, so a scan never runs ahead of the work. */
  async offer(offer: Offer): Promise<void> {
    while (this.queue.length >= takesPerWorker * offersPerTake * this.workers.length && !this.stopped) await this.changed();
    if (this.stopped) return;
    this.queue.push(offer);
    // Give a burst the chance to fill a group, and a single message no delay worth noting.
    if (this.queue.length >= offersPerTake) this.dispatch();
    else setImmediate(() => this.dispatch());
  }

  /** Resolves when the queue is empty: everything offered is with a worker. */
  async taken(): Promise<void> {
    while (!this.stopped && this.queue.length > 0) await this.changed();
  }

  /** Resolves when nothing is queued or in flight. */
  async settled(): Promise<void> {
    while (!this.stopped && (this.queue.length > 0 || this.isBusy())) await this.changed();
  }

  reconfigure(config: Config): void {
    for (const worker of this.workers) tell(worker, { kind: 'config', config });
  }

  /** Tells the workers how pickup does, where they have a fallback. */
  tellPickup(marker: string | undefined, fault: PlainFault | undefined): void {
    for (const worker of this.workers) tell(worker, { kind: 'pickup', marker, fault });
  }

  /** Every worker finishes the group it is in, unless that has to wait for a resource; queued offers stay where they are on disk. */
  halt(): void {
    this.queue.length = 0;
    for (const worker of this.workers) tell(worker, { kind: 'stop' });
    this.stopped = true;
    this.wake();
  }

  /** Resolves when all workers have ended. */
  async stop(): Promise<void> {
    this.halt();
    while (this.isBusy()) await this.changed();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private start(index: number, data: WorkerData): Worker {
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: data, resourceLimits });
    this.free[index] = takesPerWorker;
    worker.on('message', (message: FromWorker) => this.hear(index, worker, message));
    worker.on('error', (error) => {
      this.free[index] = takesPerWorker;
      this.stopped = true;
      this.events.failed(revivedFault(plainFault(error)));
      this.wake();
    });
    return worker;
  }

  private hear(index: number, worker: Worker, message: FromWorker): void {
    switch (message.kind) {
      case 'append':
        this.audit.append(message.entries).then(
          () => tell(worker, { kind: 'durable', append: message.append }),
          (error: unknown) => tell(worker, { kind: 'durable', append: message.append, fault: plainFault(error) }),
        );
        return;
      case 'waits':
        this.events.waits(index, message.fault);
        return;
      case 'handed-over':
        this.events.handedOver(message.message);
        return;
      case 'done':
        this.events.done(message.report);
        break;
      case 'failed':
        this.events.failed(revivedFault(message.fault));
        break;
    }
    this.inHands -= message.offers;
    this.free[index] = (this.free[index] ?? 0) + 1;
    this.dispatch();
    this.wake();
  }

  /** Shares the queue among idle workers. Others get more only when much waits: what comes singly gathers, so that one wait for the disk serves many. */
  private dispatch(): void {
    if (this.stopped) this.queue.length = 0;
    for (let index = this.freest(); this.queue.length > 0 && index !== undefined; index = this.freest()) {
      const worker = this.workers[index];
      const idle = this.free.filter((free) => free === takesPerWorker).length;
      if (worker === undefined || (idle === 0 && this.queue.length < offersToOverlap)) break;
      const fair = Math.min(offersPerTake, Math.ceil(this.queue.length / Math.max(1, idle)));
      this.free[index] = (this.free[index] ?? 1) - 1;
      const offers = this.queue.splice(0, fair);
      this.inHands += offers.length;
      tell(worker, { kind: 'take', offers });
    }
    this.wake();
  }

  private freest(): number | undefined {
    const most = Math.max(...this.free);
    return most > 0 ? this.free.indexOf(most) : undefined;
  }

  private isBusy(): boolean {
    return this.free.some((free) => free < takesPerWorker);
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => this.wakers.push(resolve));
  }

  private wake(): void {
    const wakers = this.wakers;
    this.wakers = [];
    for (const each of wakers) each();
  }
}

function tell(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
