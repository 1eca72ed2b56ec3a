import { newEntry } from '../audit/record.js';
import type { AuditWriter } from '../audit/writer.js';
import type { Config } from '../config/schema.js';
import { SealdropError } from '../errors.js';
import { inventoryOf } from '../spool/inventory.js';
import { type SpoolLayout, spoolLayout } from '../spool/layout.js';
import type { SpoolLock } from '../spool/lock.js';
import { BehindTheMail } from './behind/behind-the-mail.js';
import { type Control, openControl } from './control.js';
import { type DiskWatch, openDiskWatch } from './disk/disk-watch.js';
import { Ends } from './ends.js';
import type { EventDetails } from './events.js';
import { exitCodeOf, exitCodes } from './exit-code.js';
import { Health, type HealthReport } from './health.js';
import { clearBehind } from './intake/clearance.js';
import { Intake } from './intake/intake.js';
import type { Log } from './log.js';
import { type Noted, notedEntry } from './noted.js';
import { openArchive } from './open-archive.js';
import { openAudit } from './open-audit.js';
import { openSpool } from './open-spool.js';
import { openOutgoing } from './outgoing/open-outgoing.js';
import { openWays } from './outgoing/open-ways.js';
import type { Outgoing } from './outgoing/outgoing.js';
import { patiently } from './patiently.js';
import { PickupSupervision } from './pickup/supervision.js';
import { type Done, type PlainFault, plainFault, type Report } from './protocol.js';
import { Decisions } from './queue/decisions.js';
import { RetryClock } from './queue/retry-clock.js';
import { recover } from './recovery/recovery.js';
import { reloadConfig } from './reload.js';
import { openPool } from './worker/open-pool.js';
import type { WorkerPool } from './worker/pool.js';
import type { DaemonWorld } from './world.js';

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
  private readonly ends: Ends;
  private lock: SpoolLock | undefined;
  private audit: AuditWriter | undefined;
  private behind: BehindTheMail | undefined;
  private outgoing: Outgoing | undefined;
  private pickup: PickupSupervision | undefined;
  private pool: WorkerPool | undefined;
  private disks: DiskWatch | undefined;
  private intake: Intake | undefined;
  private retries: RetryClock | undefined;
  private control: Control | undefined;
  private stopReason: string | undefined;
  private failure: SealdropError | undefined;

  constructor(config: Config, options: DaemonOptions) {
    this.config = config;
    this.layout = spoolLayout(config.spool);
    this.options = options;
    this.log = options.log;
    this.health = new Health(options.log);
    this.ends = new Ends(this.health, options.log);
  }

  async run(): Promise<DaemonEnd> {
    try {
      await this.start();
      const files = await this.intakeUntilEnd();
      this.ends.waits((await this.pickup?.lastLook()) ?? 0);
      await this.outgoing?.settled();
      if (files.filesWait || inventoryOf(this.layout.retry).messages.length > 0) this.ends.waits(1);
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
      this.config = reloadConfig(path, this.config, this.layout);
      this.pool?.reconfigure(this.config);
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
    const { config, layout, log, health, ends } = this;
    const { once } = this.options;
    const isStopping = () => this.stopReason !== undefined;
    const { lock, archiveGroup } = openSpool(layout, config);
    this.lock = lock;
    const archive = openArchive(config, layout, archiveGroup, new Date());
    const world: DaemonWorld = { config, layout, archive, log, health, ends, once, isStopping, failed: (error) => this.fail(error) };
    // What is wrong with them is said before anything is recorded.
    const ways = openWays(config, process.env, (server, fault) =>
      health.trouble(`smtp ${server}`, fault === undefined ? undefined : plainFault(fault)),
    );
    const audit = await openAudit(world);
    this.audit = audit;
    const behind = new BehindTheMail(world, audit, this.options.configPath);
    this.behind = behind;
    await behind.start();
    const outgoing = openOutgoing(world, audit, ways);
    this.outgoing = outgoing;

    const pickup = new PickupSupervision(world, audit, {
      changed: (marker, fault) => this.pool?.tellPickup(marker, fault),
      handedOver: (message) => outgoing.add(message),
    });
    this.pickup = pickup;
    const waits = (fault: PlainFault | undefined) => health.pause('archive', fault);
    const recovered = await recover({
      ...pickup.commits,
      archive,
      patiently: (step) => pickup.patiently(step),
      archivePatiently: (step) => patiently(step, { waits, goesOn: () => !once && !isStopping() }),
    });
    if (Object.values(recovered.summary).some((count) => count > 0)) log.info('recovered what was under way', recovered.summary);
    await pickup.open(recovered);

    const pool = openPool(world, audit, pickup, {
      done: (report) => this.onReport(report),
      handedOver: (message) => pickup.handOver(message),
    });
    this.pool = pool;
    if (isStopping()) pool.halt();
    const gate = pickup.gate(() => pool.depth);
    const disks = openDiskWatch(world);
    this.disks = disks;
    const clear = () => clearBehind(world, { outgoing, gate, disks });
    this.intake = new Intake({ layout, rescanMs: config.outbox.rescanMs, once, clear }, pool, health);
    const decisions = new Decisions(world, audit, {
      handedOver: (message) => pickup.handOver(message),
      offered: (offer) => pool.offer(offer),
      restage: () => void pickup.restage(),
    });
    this.retries = new RetryClock(
      layout,
      (id) => decisions.retryDue(id),
      (error) => decisions.retriesEnded(error),
    );
    const commands = {
      health: () => this.healthReport(),
      record: (noted: Noted) => audit.append([notedEntry(noted)]),
      act: decisions.act.bind(decisions),
      ...behind.commands,
    };
    if (!once) this.control = await openControl(layout.controlSocket, commands, log);
    for (const message of recovered.handedOver) pickup.handOver(message);
    for (const offer of recovered.offers) await pool.offer(offer);
  }

  private async intakeUntilEnd(): Promise<{ filesWait: boolean }> {
    const { intake, layout, config } = this;
    if (intake === undefined || this.stopReason !== undefined) return { filesWait: false };
    await this.disks?.start(this.options.once);
    await this.pickup?.start();
    await this.retries?.start(config.outbox.rescanMs, this.options.once);
    await this.behind?.attend();
    this.options.onReady?.();
    this.log.info('watching the outbox', { outbox: layout.outbox, via: config.delivery.via });
    return intake.run();
  }

  private onReport(report: Report): void {
    for (const waiting of report.waiting) this.intake?.left(waiting);
    for (const done of report.done) {
      this.ends.worked(done);
      this.options.onDone?.(done);
    }
  }

  private fail(error: unknown): void {
    const fault = plainFault(error);
    // Told to stop while something was waited for: that is no failure, the mail stays where it is.
    if (fault.disposition === 'wait' && this.stopReason !== undefined) return;
    if (fault.disposition === 'wait' && this.options.once) this.ends.waits(1);
    // A daemon waits wherever it can. What ends it is a failure that its service manager must see.
    else
      this.failure ??=
        error instanceof SealdropError ? error : new SealdropError(fault.code, fault.message, { disposition: 'fatal', cure: fault.cure });
    this.log.error(fault.message, { code: fault.code, cure: fault.cure });
    this.stop(fault.code);
  }

  private async shutDown(): Promise<void> {
    this.retries?.stop();
    this.disks?.stop();
    await this.control?.close();
    await this.behind?.pause();
    await this.pool?.stop();
    await this.pickup?.stop();
    await this.outgoing?.stop();
    try {
      await this.behind?.end(() => (this.failure === undefined ? (this.stopReason ?? 'drained') : undefined));
    } catch (error) {
      this.fail(error);
    }
    this.lock?.release();
  }

  private exitCode(): number {
    if (this.failure !== undefined) return exitCodeOf(this.failure);
    return this.options.once ? this.ends.exitCode() : exitCodes.ok;
  }
}
