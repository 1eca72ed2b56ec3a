import type { SealdropError } from '../../errors.js';
import type { ChainPosition } from '../follow.js';
import type { Batch, Sink } from './batch.js';
import { type ChainReader, isStillThere } from './chain-reader.js';
import { type Place, theBeginning } from './place.js';

export interface CourierFault {
  readonly code: string;
  readonly message: string;
  readonly cure: string;
  /** Of the first failure since the target last worked. */
  readonly since: string;
}

export interface CourierState {
  /** Up to where the target holds the records. */
  readonly held: Place;
  readonly fault: CourierFault | undefined;
  /** The chain is not what it was when `held` was noted: since when this is known. */
  readonly differsSince: string | undefined;
}

export interface CourierOptions {
  readonly directory: string;
  readonly reader: ChainReader;
  readonly held: Place;
  readonly open: () => Promise<Sink>;
  /** Up to where the chain is durable. */
  readonly end: () => ChainPosition | undefined;
  readonly now: () => Date;
  readonly asFault: (error: unknown) => Pick<SealdropError, 'code' | 'message' | 'cure'>;
  readonly changed: () => void;
  readonly firstPauseMs?: number;
}

const lookMs = 200;
const restMs = 2000;
const longestPauseMs = 60_000;

/**
 * Brings the chain to one target, at the pace of that target: reads a batch, hands it on, and keeps in memory nothing else. When the target fails,
 * it is opened anew after a pause that doubles up to a minute, and gets everything again that it is not known to hold.
 */
export class Courier {
  private readonly options: CourierOptions;
  private held: Place;
  private sent: Place;
  private next: Batch | undefined;
  private sink: Sink | undefined;
  private fault: CourierFault | undefined;
  private failures = 0;
  private failingSince: string | undefined;
  private pausing = false;
  private differsSince: string | undefined;
  private stopping = false;
  private wakeUp: () => void = () => {};

  constructor(options: CourierOptions) {
    this.options = options;
    this.held = options.held;
    if (!isStillThere(options.directory, options.held)) {
      this.differsSince = options.now().toISOString();
      this.held = theBeginning;
    }
    this.sent = this.held;
  }

  get state(): CourierState {
    const { held, fault, differsSince } = this;
    return { held, fault, differsSince };
  }

  /** Goes on until `stop`, or `abort`. Never throws. */
  async run(): Promise<void> {
    for (;;) {
      try {
        await this.serve();
        return;
      } catch (error) {
        this.failed(error);
      }
      this.letGo();
      if (this.stopping) return;
      this.pausing = true;
      await this.rest(pauseMs(this.failures, this.options.firstPauseMs ?? 1000));
      this.pausing = false;
    }
  }

  /** There may be more to read. A pause after a failure lasts as long as it has to all the same. */
  wake(): void {
    if (!this.pausing) this.wakeUp();
  }

  /** `run` ends when all that is durable has been sent, or at the next failure. */
  stop(): void {
    this.stopping = true;
    this.wakeUp();
  }

  abort(): void {
    this.stopping = true;
    this.letGo();
    this.wakeUp();
  }

  private async serve(): Promise<void> {
    for (;;) {
      this.next ??= this.read();
      const more = this.next !== undefined;
      if (more || this.sink !== undefined) await this.serveOnce();
      if (more) continue;
      if (this.stopping) break;
      await this.rest(this.sink?.unsure === true ? lookMs : restMs);
    }
    await this.sink?.end();
    this.takeHeld();
    this.letGo();
  }

  private async serveOnce(): Promise<void> {
    this.sink ??= await this.options.open();
    const batch = this.next;
    if (batch !== undefined) {
      await this.sink.send(batch);
      this.next = undefined;
      this.sent = batch.end;
    }
    await this.sink.tick();
    this.takeHeld();
  }

  private read(): Batch | undefined {
    const end = this.options.end();
    return end === undefined ? undefined : this.options.reader.next(this.sent, end);
  }

  private takeHeld(): void {
    const held = this.sink?.held;
    if (held === undefined || held.seq <= this.held.seq) return;
    this.held = held;
    this.failures = 0;
    this.failingSince = undefined;
    this.fault = undefined;
    this.options.changed();
  }

  private failed(error: unknown): void {
    // Many receivers close a connection that nothing comes over.
    if (this.sink !== undefined && !this.sink.unsure && this.next === undefined) return;
    this.failures++;
    this.failingSince ??= this.options.now().toISOString();
    // A receiver that was started anew is no news: it is one if it cannot be reached again.
    if (this.failures === 1 && this.sink !== undefined) return;
    const { code, message, cure } = this.options.asFault(error);
    this.fault = { code, message, cure, since: this.failingSince };
    this.options.changed();
  }

  /** Everything not held is read again. */
  private letGo(): void {
    this.sink?.abort();
    this.sink = undefined;
    this.sent = this.held;
    this.next = undefined;
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Spread by a quarter either way, so that many senders do not come back at once. */
function pauseMs(failures: number, firstMs: number): number {
  return Math.min(longestPauseMs, firstMs * 2 ** Math.min(10, Math.max(0, failures - 1))) * (0.75 + Math.random() / 2);
}
