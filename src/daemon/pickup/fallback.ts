import type { Config } from '../../config/schema.js';
import { pickupState } from '../../delivery/pickup/depth.js';
import { tryPickup } from '../../delivery/pickup/directory.js';
import { isWait, SealdropError } from '../../errors.js';
import { requireMarker } from '../../spool/staging-marker.js';
import type { AnsweringWay } from '../../way.js';
import { type PlainFault, plainFault } from '../protocol.js';
import { removeCopies } from '../recovery/recovery.js';
import type { HandedOver } from '../worker/context.js';
import { openPickup } from './open.js';

export interface PickupFallbackWorld {
  readonly config: Config;
  /** Told of every change: the staging marker, and what is wrong with pickup. */
  readonly changed: (marker: string | undefined, fault: PlainFault | undefined) => void;
  /** Finishes the commit of a message whose intent names pickup. Throws `wait` faults. */
  readonly finish: (message: HandedOver) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

const lookEveryMs = 1000;
const SET_UP = new Set(['rename-crosses-mounts', 'pickup-layout', 'volatile-directory']);

/**
 * Where there is a fallback for pickup, sealdrop starts and goes on without pickup. This looks every second whether it works, tells the
 * workers, and finishes the commits that had an intent when it went away: those copies stay with pickup, whatever becomes of new ones.
 */
export class PickupFallback {
  private readonly world: PickupFallbackWorld;
  private readonly late: HandedOver[] = [];
  private unswept: ReadonlySet<string> = new Set();
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private known: { marker: string | undefined; fault: PlainFault | undefined } = { marker: undefined, fault: undefined };

  constructor(world: PickupFallbackWorld) {
    this.world = world;
  }

  get marker(): string | undefined {
    return this.known.marker;
  }

  get fault(): PlainFault | undefined {
    return this.known.fault;
  }

  /** Messages whose commit is to be finished. */
  get depth(): number {
    return this.late.length;
  }

  /** Looks for the first time, then again and again. `unswept`: see Recovered. */
  async start(late: readonly HandedOver[], unswept: ReadonlySet<string>): Promise<void> {
    this.late.push(...late);
    this.unswept = unswept;
    await this.look();
    this.timer = setInterval(() => this.look().catch((error: unknown) => this.world.failed(error)), lookEveryMs);
  }

  add(message: HandedOver): void {
    this.late.push(message);
  }

  async look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    await this.looking;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking?.catch(() => {}); // Told where it was started.
  }

  private async lookOnce(): Promise<void> {
    try {
      const marker = await this.open();
      await this.finishLate();
      this.tell(marker, await this.stuckFault());
    } catch (error) {
      if (!isWait(error)) throw error;
      this.tell(this.known.marker, plainFault(error));
    }
  }

  private async open(): Promise<string | undefined> {
    const { pickup } = this.world.config.delivery;
    if (pickup === undefined) return undefined;
    const { marker } = this.known;
    if (marker !== undefined) {
      requireMarker(pickup.staging, marker);
      tryPickup(pickup, 0);
      return marker;
    }
    // Nothing of this run is in staging yet.
    const opened = await this.firstOpening();
    removeCopies(pickup.staging, (id) => this.unswept.has(id));
    return opened;
  }

  /** A set-up that can never work ends sealdrop at its start; later, mail has its fallback, and somebody may be at work there. */
  private async firstOpening(): Promise<string | undefined> {
    try {
      return await openPickup(this.world.config, async (step) => step());
    } catch (error) {
      if (this.timer === undefined || !(error instanceof SealdropError) || !SET_UP.has(error.code)) throw error;
      throw new SealdropError(error.code, error.message, { disposition: 'wait', cure: error.cure, cause: error });
    }
  }

  /** The MTA does not take what is there: new mail need not wait for it. */
  private async stuckFault(): Promise<PlainFault | undefined> {
    const { pickup } = this.world.config.delivery;
    if (pickup === undefined || (pickup.maxWaiting === null && pickup.maxAge === null)) return undefined;
    const { fault } = await pickupState(pickup.directory, pickup, this.known.fault?.code === 'pickup-stuck', Date.now());
    return fault === undefined ? undefined : plainFault(fault);
  }

  /** Each is taken off when it is done: one that has to wait stays first. */
  private async finishLate(): Promise<void> {
    for (let message = this.late[0]; message !== undefined; message = this.late[0]) {
      await this.world.finish(message);
      this.late.shift();
    }
  }

  private tell(marker: string | undefined, fault: PlainFault | undefined): void {
    const { known } = this;
    this.known = { marker, fault };
    if (known.marker !== marker || known.fault?.code !== fault?.code) this.world.changed(marker, fault);
  }
}

/** What health says while mail goes by the fallback. */
export function inUse(way: AnsweringWay, fault: PlainFault): PlainFault {
  const { message, cure } = fault;
  return { code: 'fallback-in-use', message: `mail goes by ${way} instead of by pickup: ${message}`, disposition: 'wait', cure };
}
