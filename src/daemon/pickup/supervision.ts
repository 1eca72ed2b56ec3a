import { trailAside } from '../../audit/trail-aside.js';
import type { AuditWriter } from '../../audit/writer.js';
import { bootId } from '../../spool/boot-id.js';
import type { AnsweringWay } from '../../way.js';
import { patiently } from '../patiently.js';
import type { PlainFault } from '../protocol.js';
import { type CommitWorld, finishCommit } from '../recovery/finish-commit.js';
import type { Recovered } from '../recovery/recovery.js';
import type { HandedOver } from '../worker/context.js';
import type { DaemonWorld } from '../world.js';
import { inUse, PickupFallback } from './fallback.js';
import { PickupGate } from './gate.js';
import { openPickup } from './open.js';
import { restageAll } from './restage.js';
import { PickupWatch } from './watch.js';

export interface SupervisionEvents {
  /** How pickup does, where there is a fallback: the staging marker, and what is wrong. */
  readonly changed: (marker: string | undefined, fault: PlainFault | undefined) => void;
  /** A message is done with pickup and has copies left for other ways. */
  readonly handedOver: (message: HandedOver) => void;
}

/**
 * All that the main thread does about pickup. Without a fallback it waits until pickup works, and lets mail in as the MTA takes it; with one
 * it goes on, and finishes what was begun there when pickup is back. Then it looks after what has been committed.
 */
export class PickupSupervision {
  /** For recovery, and for what it could not finish. */
  readonly commits: CommitWorld;
  private readonly world: DaemonWorld;
  private readonly audit: AuditWriter;
  private readonly events: SupervisionEvents;
  private fallback: PickupFallback | undefined;
  private watch: PickupWatch | undefined;
  private known: string | undefined;
  private isOpen = false;
  private restaging: Promise<void> = Promise.resolve();

  constructor(world: DaemonWorld, audit: AuditWriter, events: SupervisionEvents) {
    const { layout, config } = world;
    this.world = world;
    this.audit = audit;
    this.events = events;
    const pickupStep =
      config.delivery.fallback === undefined ? <T>(step: () => T) => this.patiently(step) : async <T>(step: () => T) => step();
    this.commits = { layout, config, audit, bootId: bootId(), now: () => new Date(), pickupStep };
  }

  /** Name of the marker in the staging directory; undefined if nothing goes by pickup, or it has not worked yet. */
  get marker(): string | undefined {
    return this.known;
  }

  /** What is wrong with pickup, where there is a fallback. */
  get fault(): PlainFault | undefined {
    return this.fallback?.fault;
  }

  /** Repeats a step while it throws `wait` faults, telling health. Throws them on when the daemon stops or runs `--once`. */
  patiently<T>(step: () => T | Promise<T>): Promise<T> {
    const { health, once, isStopping } = this.world;
    return patiently(step, { waits: (fault) => health.pause('pickup', fault), goesOn: () => !once && !isStopping() });
  }

  /** After it, batches may be staged. */
  async open({ late, unswept }: Recovered): Promise<void> {
    const { config } = this.world;
    const { fallback } = config.delivery;
    if (fallback === undefined) this.known = await openPickup(config, (step) => this.patiently(step));
    else {
      this.fallback = this.openFallback(fallback);
      await this.fallback.start(late, unswept);
    }
    this.watch = this.openWatch();
    this.isOpen = true;
  }

  /** Lets mail in; undefined where nothing has to wait for the MTA to take what is there. */
  gate(inFlight: () => number): PickupGate | undefined {
    const { pickup, fallback } = this.world.config.delivery;
    if (pickup === undefined || fallback !== undefined) return undefined;
    return new PickupGate(pickup, inFlight, (fault) => this.world.health.pause('pickup', fault));
  }

  /** Begins to look after what has been committed. With `--once` resolves when what is there now has been seen to. */
  async start(): Promise<void> {
    const { once } = this.world;
    await this.watch?.start(once);
    const restaged = this.restage();
    if (once) await restaged;
  }

  /** Copies for pickup come first: what is left of the message then goes the other ways. */
  handOver(message: HandedOver): void {
    const byPickup = message.intent.copies.some(({ via, pending }) => via === 'pickup' && pending.length > 0);
    if (byPickup && this.fallback !== undefined) this.fallback.add(message);
    else this.events.handedOver(message);
  }

  /** Hands over what people have released of what the MTA refused; one call after the other. */
  restage(): Promise<void> {
    const { layout, config, health, isStopping, failed } = this.world;
    const { audit, known: marker } = this;
    const { pickup } = config.delivery;
    if (pickup === undefined || marker === undefined) return Promise.resolve();
    const world = {
      layout,
      audit,
      pickup,
      marker,
      bootId: this.commits.bootId,
      trailOf: (ids: ReadonlySet<string>, since: Date) => trailAside(layout.audit, ids, since),
      now: () => new Date(),
      patiently: <T>(step: () => T | Promise<T>) => this.patiently(step),
    };
    this.restaging = this.restaging.then(async () => {
      try {
        if (!isStopping()) health.count('committed', await restageAll(world));
      } catch (error) {
        failed(error);
      }
    });
    return this.restaging;
  }

  /** A last look, for a run to the end. Returns how many commits are left to be finished. */
  async lastLook(): Promise<number> {
    await this.fallback?.look();
    return this.fallback?.depth ?? 0;
  }

  async stop(): Promise<void> {
    await this.fallback?.stop();
    await this.watch?.stop();
    await this.restaging;
  }

  private openFallback(fallback: AnsweringWay): PickupFallback {
    const { config, health, failed } = this.world;
    return new PickupFallback({
      config,
      changed: (marker, fault) => {
        this.known = marker;
        this.events.changed(marker, fault);
        if (marker !== undefined && this.watch === undefined && this.isOpen) this.worksAtLast();
        health.trouble('fallback', fault === undefined ? undefined : inUse(fallback, fault));
      },
      finish: (message) => this.finish(message),
      failed,
    });
  }

  private async finish(message: HandedOver): Promise<void> {
    const { id, file } = message;
    const end = await finishCommit(this.commits, message);
    if (end.kind === 'handed-over') this.events.handedOver(end.message);
    else this.world.ends.ended({ id, file, outcome: end.kind === 'finished' ? 'committed' : 'quarantined' });
  }

  /** Pickup works for the first time, and mail is under way already. */
  private worksAtLast(): void {
    this.watch = this.openWatch();
    this.watch?.start(this.world.once).catch((error: unknown) => this.world.failed(error));
    void this.restage();
  }

  private openWatch(): PickupWatch | undefined {
    const { layout, config, log, health, ends, failed } = this.world;
    const { pickup, fallback } = config.delivery;
    const { audit, known: marker } = this;
    if (pickup === undefined || marker === undefined) return undefined;
    return new PickupWatch({
      layout,
      audit,
      pickup,
      marker,
      log,
      // With a fallback mail goes on, and what was committed is looked after when pickup is back.
      waits: (fault) => (fallback === undefined ? health.pause('pickup watch', fault) : health.trouble('pickup watch', fault)),
      held: () => ends.refused(),
      handedOver: (count) => health.count('handed-over', count),
      failed,
    });
  }
}
