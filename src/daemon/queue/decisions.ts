import type { AuditWriter } from '../../audit/writer.js';
import { isWait, SealdropError } from '../../errors.js';
import { type Offer, plainFault } from '../protocol.js';
import type { HandedOver } from '../worker/context.js';
import type { DaemonWorld } from '../world.js';
import { actOnQueue, type QueueAction } from './queue-actions.js';

/** Where a message goes on that is in `work/` again. */
export interface DecisionEvents {
  readonly handedOver: (message: HandedOver) => void;
  readonly offered: (offer: Offer) => Promise<void>;
  readonly restage: () => void;
}

/** The decisions about held mail while the daemon runs: people's, and that of the clock to try again. */
export class Decisions {
  private readonly world: DaemonWorld;
  private readonly audit: AuditWriter;
  private readonly events: DecisionEvents;
  private deciding: Promise<unknown> = Promise.resolve();

  constructor(world: DaemonWorld, audit: AuditWriter, events: DecisionEvents) {
    this.world = world;
    this.audit = audit;
    this.events = events;
  }

  /** One decision after the other: each is made about the place where the one before it has left the message. */
  async act(action: QueueAction, id: string, by: number): Promise<void> {
    const { layout, archive } = this.world;
    const { audit } = this;
    const decision = this.deciding.then(() => actOnQueue({ layout, archive, audit, now: () => new Date() }, action, id, by));
    this.deciding = decision.catch(() => undefined);
    const next = await decision;
    if (next === undefined) return;
    if ('handOver' in next) this.events.handedOver(next.handOver);
    else if ('offer' in next) await this.events.offered(next.offer);
    else this.events.restage();
  }

  async retryDue(id: string): Promise<void> {
    try {
      await this.act('retry', id, process.getuid?.() ?? 0);
    } catch (error) {
      // A person was quicker.
      if (!(error instanceof SealdropError) || error.code !== 'no-such-message') throw error;
    }
  }

  retriesEnded(error: unknown): void {
    const { once, health, failed } = this.world;
    const waits = error === undefined || (isWait(error) && !once);
    if (waits) health.pause('retry', error === undefined ? undefined : plainFault(error));
    else failed(error);
  }
}
