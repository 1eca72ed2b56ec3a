import { cpus } from 'node:os';
import { newEntry } from '../audit/record.js';
import { trailAside } from '../audit/trail-aside.js';
import { AuditWriter } from '../audit/writer.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { SealdropError } from '../errors.js';
import { bootId } from '../spool/boot-id.js';
import { inventoryOf } from '../spool/inventory.js';
import { type SpoolLayout, spoolLayout } from '../spool/layout.js';
import { lockSpool, type SpoolLock } from '../spool/lock.js';
import { proveOneMount } from '../spool/one-mount.js';
import { checkOutbox, checkVolatile, gidOf, prepareSpool } from '../spool/prepare.js';
import { version } from '../version.js';
import type { AnsweringWay } from '../way.js';
import { type Control, openControl } from './control.js';
import type { EventDetails } from './events.js';
import { exitCodeOf } from './exit-code.js';
import { Health, type HealthReport } from './health.js';
import { Intake } from './intake/intake.js';
import type { Log } from './log.js';
import { openWays } from './outgoing/open-ways.js';
import { Outgoing, type OutgoingWorld } from './outgoing/outgoing.js';
import { inUse, PickupFallback } from './pickup/fallback.js';
import { PickupGate } from './pickup/gate.js';
import { openPickup } from './pickup/open.js';
import { restageAll } from './pickup/restage.js';
import { PickupWatch } from './pickup/watch.js';
import { type Done, plainFault, type Report } from './protocol.js';
import { actOnQueue, type QueueAction, type Requeued } from './queue/queue-actions.js';
import { RetryClock } from './queue/retry-clock.js';
import { type CommitWorld, finishCommit } from './recovery/finish-commit.js';
import { recover } from './recovery/recovery.js';
import { refuseFixedChanges } from './reload.js';
import { ByteBudget } from './worker/byte-budget.js';
import type { HandedOver } from './worker/context.js';
import { WorkerPool } from './worker/pool.js';

export interface DaemonOptions {
  readonly configPath: string;
  readonly once: boolean;
  readonly log: Log;
  /** Told of every message's end. */
  readonly onDone?: (done: Done) => void;
  /** Told when the doors are open for the first time. */
  readonly onReady?: () => void;
}

export interface DaemonEnd {
  /** sysexits: 0 drained or stopped, 75 mail waits, 65 mail was quarantined, 74 a fault that needs a restart. */
  readonly exitCode: number;
}

const outgoingInMemory = 1000;
const behindMs = 20;
const retryWaitMs = 1000;

/**
 * The daemon's life: lock, directories, audit, recovery, workers, doors; then until told to stop. Everything that must be decided before
 * mail is touched is decided in `start`, in this order.
 */
export class Daemon {
  private config: Config;
  private readonly layout: SpoolLayout;
  private readonly options: DaemonOptions;
  private readonly log: Log;
  private readonly health: Health;
  private lock: SpoolLock | undefined;
  private audit: AuditWriter | undefined;
  private pool: WorkerPool | undefined;
  private outgoing: Outgoing | undefined;
  private fallback: PickupFallback | undefined;
  private intake: Intake | undefined;
  private control: Control | undefined;
  private retries: RetryClock | undefined;
  private watch: PickupWatch | undefined;
  /** Name of the marker in the staging directory; undefined if nothing goes by pickup. */
  private marker: string | undefined;
  private restaging: Promise<void> = Promise.resolve();
  private deciding: Promise<unknown> = Promise.resolve();
  private stopReason: string | undefined;
  private failure: SealdropError | undefined;
  private readonly tally = { quarantined: 0, deferred: 0, waits: 0 };

  constructor(config: Config, options: DaemonOptions) {
    this.config = config;
    this.layout = spoolLayout(config.spool);
    this.options = options;
    this.log = options.log;
    this.health = new Health(options.log);
  }

  async run(): Promise<DaemonEnd> {
    try {
      await this.start();
      const files = await this.intakeUntilEnd();
      await this.fallback?.look();
      await this.outgoing?.settled();
      this.tally.waits += this.fallback?.depth ?? 0;
      if (files.filesWait || inventoryOf(this.layout.retry).messages.length > 0) this.tally.waits++;
    } catch (error) {
      this.fail(error);
    }
    await this.shutDown();
    return { exitCode: this.exitCode() };
  }

  /** Finishes what is in flight and ends `run`. Safe to call more than once. */
  stop(reason: string): void {
    this.stopReason ??= reason;
    this.intake?.stop();
    // What waits for a resource would keep those who wait for it from seeing that they are to stop.
    this.pool?.halt();
    this.outgoing?.halt();
    this.audit?.halt();
  }

  /** Takes a new configuration between two batches. A broken one is reported, and the old one stays. */
  async reload(): Promise<void> {
    const path = this.options.configPath;
    try {
      const config = loadConfig(path);
      refuseFixedChanges(this.config, config);
      checkOutbox(this.layout, config.senders !== null);
      this.config = config;
      this.pool?.reconfigure(config);
      await this.audit?.append([newEntry('reloaded', {}, { config: path } satisfies EventDetails['reloaded'])]);
      this.log.info('configuration reloaded', { config: path });
    } catch (error) {
      const fault = plainFault(error);
      this.log.error(`the new configuration is not used, the old one stays: ${fault.message}`, { code: fault.code, cure: fault.cure });
    }
  }

  healthReport(): HealthReport {
    return this.health.report();
  }

  private async start(): Promise<void> {
    const { config, layout, log } = this;
    // The spool's root may have to be made before it can hold the lock.
    const submitGid = config.senders === null ? undefined : gidOf(config.outbox.group);
    const archiveGroup = gidOf(config.archive.group);
    prepareSpool(layout, { submitGid, auditGid: archiveGroup });
    this.lock = lockSpool(layout.lockFile, Date.now());
    checkVolatile(layout.root, config.allowVolatile);
    checkOutbox(layout, config.senders !== null);
    proveOneMount(layout);
    const ways = openWays(config, process.env, (server, fault) =>
      this.health.trouble(`smtp ${server}`, fault === undefined ? undefined : plainFault(fault)),
    );

    this.audit = await AuditWriter.start({
      directory: layout.audit,
      now: () => new Date(),
      retryMs: this.options.once ? undefined : retryWaitMs,
      onWait: (fault) => this.health.pause('audit', fault === undefined ? undefined : plainFault(fault)),
    });
    for (const cut of this.audit.repaired) log.warn('cut back an unfinished end of the audit trail', { ...cut });
    const { audit } = this;
    await audit.append([
      newEntry('started', {}, { version, pid: process.pid, config: this.options.configPath } satisfies EventDetails['started']),
    ]);

    this.outgoing = this.openOutgoing(ways, audit);
    const { fallback } = config.delivery;
    const patiently = <T>(step: () => T) => this.patiently('pickup', step);
    const commits: CommitWorld = {
      layout,
      config,
      audit,
      bootId: bootId(),
      now: () => new Date(),
      pickupStep: fallback === undefined ? patiently : async (step) => step(),
    };
    const recovered = await recover({ ...commits, patiently });
    if (Object.values(recovered.summary).some((count) => count > 0)) log.info('recovered what was under way', recovered.summary);
    if (fallback === undefined) this.marker = await openPickup(config, patiently);
    else {
      this.fallback = this.openFallback(fallback, commits);
      await this.fallback.start(recovered.late, recovered.unswept);
    }
    this.watch = this.openWatch(audit);
    this.pool = this.openPool(audit, this.marker, archiveGroup);
    if (this.stopReason !== undefined) this.pool.halt();
    const { pickup } = config.delivery;
    const { pool } = this;
    // With a fallback nothing has to wait for the MTA to take what is there.
    const gate =
      fallback === undefined && pickup !== undefined
        ? new PickupGate(
            pickup,
            () => pool.depth,
            (fault) => this.health.pause('pickup', fault),
          )
        : undefined;
    this.intake = new Intake(
      { layout, rescanMs: config.outbox.rescanMs, once: this.options.once, clear: () => this.clearBehind(gate) },
      this.pool,
      this.health,
    );
    this.retries = new RetryClock(
      layout,
      (id) => this.retryDue(id),
      (error) => this.retriesEnded(error),
    );
    if (!this.options.once) this.control = await openControl(layout.controlSocket, this.controlCommands(), log);
    for (const message of recovered.handedOver) this.handOver(message);
    for (const offer of recovered.offers) await this.pool.offer(offer);
  }

  private async intakeUntilEnd(): Promise<{ filesWait: boolean }> {
    const { intake, layout, config } = this;
    if (intake === undefined || this.stopReason !== undefined) return { filesWait: false };
    await this.watch?.start(this.options.once);
    const restaged = this.restage();
    if (this.options.once) await restaged;
    await this.retries?.start(config.outbox.rescanMs, this.options.once);
    this.options.onReady?.();
    this.log.info('watching the outbox', { outbox: layout.outbox, via: config.delivery.via });
    return intake.run();
  }

  private openPool(audit: AuditWriter, marker: string | undefined, archiveGroup: number | undefined): WorkerPool {
    const { config, layout, health } = this;
    const data = {
      config,
      layout,
      marker,
      pickupFault: this.fallback?.fault,
      bootId: bootId(),
      archiveGroup,
      budget: ByteBudget.shared(),
      workers: config.workers === 'auto' ? Math.max(2, cpus().length) : config.workers,
      once: this.options.once,
    };
    return new WorkerPool(data, audit, {
      done: (report) => this.onReport(report),
      waits: (worker, fault) => health.pause(`worker ${worker}`, fault),
      handedOver: (message) => this.handOver(message),
      failed: (fault) => this.fail(fault),
    });
  }

  private openWatch(audit: AuditWriter): PickupWatch | undefined {
    const { layout, log, health, marker } = this;
    const { pickup } = this.config.delivery;
    if (pickup === undefined || marker === undefined) return undefined;
    return new PickupWatch({
      layout,
      audit,
      pickup,
      marker,
      log,
      // With a fallback mail goes on, and what was committed is looked after when pickup is back.
      waits: (fault) => (this.fallback === undefined ? health.pause('pickup watch', fault) : health.trouble('pickup watch', fault)),
      held: () => {
        health.count('rejected');
        this.tally.quarantined++;
      },
      handedOver: (count) => health.count('handed-over', count),
      failed: (error) => this.fail(error),
    });
  }

  /** Pickup works for the first time, and mail is under way already. */
  private watchPickup(): void {
    if (this.audit === undefined) return;
    this.watch = this.openWatch(this.audit);
    this.watch?.start(this.options.once).catch((error: unknown) => this.fail(error));
    void this.restage();
  }

  private openOutgoing(ways: OutgoingWorld['ways'], audit: AuditWriter): Outgoing {
    return new Outgoing({
      layout: this.layout,
      audit,
      ways,
      retry: this.config.delivery.retry,
      inMemory: outgoingInMemory,
      once: this.options.once,
      now: () => new Date(),
      waits: (way, fault) => this.health.pause(way, fault),
      ended: ({ id, file, outcome, why }) => {
        if (outcome === 'deferred') this.tally.deferred++;
        if (outcome === 'quarantined') this.tally.quarantined++;
        if (outcome === 'waits') this.tally.waits++;
        else this.health.count(outcome);
        this.log.info(outcome, { id, file, why });
      },
      failed: (error) => this.fail(error),
    });
  }

  /** Copies for pickup come first: what is left of the message then goes the other ways. */
  private handOver(message: HandedOver): void {
    const byPickup = message.intent.copies.some(({ via, pending }) => via === 'pickup' && pending.length > 0);
    if (byPickup && this.fallback !== undefined) this.fallback.add(message);
    else this.outgoing?.add(message);
  }

  private openFallback(fallback: AnsweringWay, commits: CommitWorld): PickupFallback {
    return new PickupFallback({
      config: this.config,
      changed: (marker, fault) => {
        this.marker = marker;
        this.pool?.tellPickup(marker, fault);
        if (marker !== undefined && this.watch === undefined && this.pool !== undefined) this.watchPickup();
        this.health.trouble('fallback', fault === undefined ? undefined : inUse(fallback, fault));
      },
      finish: async (message) => {
        const { id, file } = message;
        const end = await finishCommit(commits, message);
        if (end.kind === 'handed-over') this.outgoing?.add(end.message);
        else {
          const outcome = end.kind === 'finished' ? 'committed' : 'quarantined';
          if (outcome === 'quarantined') this.tally.quarantined++;
          this.health.count(outcome);
          this.log.info(outcome, { id, file });
        }
      },
      failed: (error) => this.fail(error),
    });
  }

  private onReport(report: Report): void {
    for (const waiting of report.waiting) this.intake?.left(waiting);
    for (const done of report.done) {
      this.health.count('accepted');
      if (done.outcome !== 'handed-over') this.health.count(done.outcome);
      if (done.outcome === 'committed') this.log.debug('committed', { id: done.id, file: done.file });
      if (done.outcome === 'quarantined' || done.outcome === 'deferred') this.tellSetAside(done, done.outcome);
      this.options.onDone?.(done);
    }
  }

  private tellSetAside({ id, file, fault }: Done, outcome: 'quarantined' | 'deferred'): void {
    this.tally[outcome]++;
    this.log.warn(`${outcome}: ${fault?.message ?? ''}`, { id, file, code: fault?.code, cure: fault?.cure });
  }

  /** True when the deliveries behind intake are not too deep. False under `--once`, which does not wait for the MTA, and when told to stop. */
  private async clearBehind(gate: PickupGate | undefined): Promise<boolean> {
    while (this.stopReason === undefined) {
      if (this.outgoing?.isFull !== true) {
        const state = await gate?.ask();
        if (state === undefined || state === 'open') return true;
        if (state === 'stuck' && this.options.once) return false;
      }
      await new Promise((resolve) => setTimeout(resolve, behindMs));
    }
    return false;
  }

  /** Hands over what people have released of what the MTA refused; one call after the other. */
  private restage(): Promise<void> {
    const { layout, audit, marker } = this;
    const { pickup } = this.config.delivery;
    if (audit === undefined || pickup === undefined || marker === undefined) return Promise.resolve();
    const world = {
      layout,
      audit,
      pickup,
      marker,
      bootId: bootId(),
      trailOf: (ids: ReadonlySet<string>, since: Date) => trailAside(layout.audit, ids, since),
      now: () => new Date(),
      patiently: <T>(step: () => T | Promise<T>) => this.patiently('pickup', step),
    };
    this.restaging = this.restaging.then(async () => {
      try {
        if (this.stopReason === undefined) this.health.count('committed', await restageAll(world));
      } catch (error) {
        this.fail(error);
      }
    });
    return this.restaging;
  }

  private controlCommands() {
    return {
      health: async () => this.healthReport(),
      act: async (action: QueueAction, id: string, by: number) => {
        await this.act(action, id, by);
        return { ok: true };
      },
    };
  }

  private async retryDue(id: string): Promise<void> {
    try {
      await this.act('retry', id, process.getuid?.() ?? 0);
    } catch (error) {
      // A person was quicker.
      if (!(error instanceof SealdropError) || error.code !== 'no-such-message') throw error;
    }
  }

  private retriesEnded(error: unknown): void {
    const waits = error === undefined || (error instanceof SealdropError && error.disposition === 'wait' && !this.options.once);
    if (waits) this.health.pause('retry', error === undefined ? undefined : plainFault(error));
    else this.fail(error);
  }

  /** One decision after the other: each is made about the place where the one before it has left the message. */
  private async act(action: QueueAction, id: string, by: number): Promise<void> {
    const { layout, audit } = this;
    if (audit === undefined) return;
    const decision = this.deciding.then(() => actOnQueue({ layout, audit, now: () => new Date() }, action, id, by));
    this.deciding = decision.catch(() => undefined);
    const next: Requeued = await decision;
    if (next === undefined) return;
    if ('handOver' in next) this.handOver(next.handOver);
    else if ('offer' in next) await this.pool?.offer(next.offer);
    else void this.restage();
  }

  private async patiently<T>(where: string, step: () => T | Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await step();
        this.health.pause(where, undefined);
        return result;
      } catch (error) {
        if (!(error instanceof SealdropError) || error.disposition !== 'wait') throw error;
        this.health.pause(where, plainFault(error));
        if (this.options.once || this.stopReason !== undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryWaitMs));
      }
    }
  }

  private fail(error: unknown): void {
    const fault = plainFault(error);
    // Told to stop while something was waited for: that is no failure, the mail stays where it is.
    if (fault.disposition === 'wait' && this.stopReason !== undefined) return;
    if (fault.disposition === 'wait' && this.options.once) this.tally.waits++;
    // A daemon waits wherever it can. What ends it is a failure that its service manager must see.
    else
      this.failure ??=
        error instanceof SealdropError ? error : new SealdropError(fault.code, fault.message, { disposition: 'fatal', cure: fault.cure });
    this.log.error(fault.message, { code: fault.code, cure: fault.cure });
    this.stop(fault.code);
  }

  private async shutDown(): Promise<void> {
    this.retries?.stop();
    await this.control?.close();
    await this.pool?.stop();
    await this.fallback?.stop();
    await this.watch?.stop();
    await this.restaging;
    await this.outgoing?.stop();
    try {
      if (this.audit !== undefined && this.failure === undefined) {
        const reason = this.stopReason ?? 'drained';
        await this.audit.append([newEntry('stopped', {}, { reason } satisfies EventDetails['stopped'])]);
      }
      await this.audit?.close();
    } catch (error) {
      this.fail(error);
    }
    this.lock?.release();
  }

  private exitCode(): number {
    if (this.failure !== undefined) return exitCodeOf(this.failure);
    if (!this.options.once) return 0;
    const { quarantined, deferred, waits } = this.tally;
    if (quarantined > 0) return 65;
    return waits > 0 || deferred > 0 ? 75 : 0;
  }
}
