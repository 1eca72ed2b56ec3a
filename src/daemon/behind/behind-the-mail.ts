import { newEntry } from '../../audit/record.js';
import type { AuditWriter } from '../../audit/writer.js';
import type { ControlCommands } from '../control.js';
import type { EventDetails } from '../events.js';
import { type Forwarding, openForwarding } from '../forward/forwarding.js';
import { recordStart } from '../open-audit.js';
import { patiently } from '../patiently.js';
import { RetentionDesk } from '../retention/desk.js';
import type { DaemonWorld } from '../world.js';
import { CheckpointClock, noCheckpoints } from './checkpoint-clock.js';
import { ImmutableRounds } from './immutable-rounds.js';
import { IndexKeeper } from './index-keeper.js';
import { TimestampClock } from './timestamp-clock.js';

/**
 * What follows the audit trail at its own pace and no mail waits for: checkpoints and their time-stamps, forwarding, the immutable attribute,
 * retention, the search index. Each remembers on disk how far it is, or can see it there; killed, it goes on from there at the next start.
 */
export class BehindTheMail {
  private readonly world: DaemonWorld;
  private readonly audit: AuditWriter;
  private readonly configPath: string;
  private readonly retention: RetentionDesk;
  private checkpoints: CheckpointClock | undefined;
  private timestamps: TimestampClock | undefined;
  private forwarding: Forwarding | undefined;
  private immutable: ImmutableRounds | undefined;
  private index: IndexKeeper | undefined;

  constructor(world: DaemonWorld, audit: AuditWriter, configPath: string) {
    this.world = world;
    this.audit = audit;
    this.configPath = configPath;
    this.retention = new RetentionDesk(world, audit);
  }

  /** Before any mail, with nothing appended yet: records that the daemon starts. Throws what cannot be done as it is configured (fatal). */
  async start(): Promise<void> {
    const { world, audit } = this;
    this.timestamps = TimestampClock.open(world);
    this.checkpoints = await this.patiently(() => CheckpointClock.open(world, audit, this.timestamps));
    await recordStart(audit, this.configPath, this.checkpoints?.maxAgeMs);
    this.checkpoints?.start();
    this.forwarding = openForwarding(world, audit);
    this.immutable = await this.patiently(() => ImmutableRounds.start(world, audit));
  }

  /** When the doors open. With `once` resolves when nothing is left to be destroyed. */
  async attend(): Promise<void> {
    const { config, log, once } = this.world;
    await this.retention.start();
    if (once || config.archive.index !== 'auto') return;
    this.index = new IndexKeeper({ configPath: this.configPath, log, end: () => this.audit.end, everyMs: config.archive.indexEveryMs });
    this.index.start();
  }

  get commands(): Pick<ControlCommands, 'checkpoint' | 'retention'> {
    return {
      checkpoint: () => (this.checkpoints === undefined ? Promise.reject(noCheckpoints()) : this.checkpoints.make()),
      retention: this.retention.act.bind(this.retention),
    };
  }

  /** Begins nothing more that takes long; what mail does is still followed. */
  async pause(): Promise<void> {
    await this.retention.stop();
    await this.index?.stop();
  }

  /** When no mail moves any more. `reason` is recorded as that of the end; undefined after a failure, when nothing is recorded. */
  async end(reason: () => string | undefined): Promise<void> {
    await this.immutable?.stop();
    try {
      await this.lastRecord(reason());
    } finally {
      this.checkpoints?.abandon();
      await this.timestamps?.stop();
      const { end } = this.audit;
      try {
        await this.audit.close();
      } finally {
        await this.forwarding?.stop(end);
      }
    }
  }

  /** A full disk at the start is waited for, as at any other time (I8). */
  private patiently<T>(step: () => T | Promise<T>): Promise<T> {
    const { health, once, isStopping } = this.world;
    return patiently(step, { waits: (fault) => health.pause('start', fault), goesOn: () => !once && !isStopping() });
  }

  private async lastRecord(reason: string | undefined): Promise<void> {
    if (reason === undefined) return;
    await this.audit.append([newEntry('stopped', {}, { reason } satisfies EventDetails['stopped'])]);
    await this.checkpoints?.stop();
  }
}
