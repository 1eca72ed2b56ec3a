import { type AuditIdentity, loadAuditIdentity } from '../../audit/checkpoint/identity.js';
import { CheckpointMaker, type Made } from '../../audit/checkpoint/maker.js';
import type { AuditWriter } from '../../audit/writer.js';
import { SealdropError } from '../../errors.js';
import { plainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import type { TimestampClock } from './timestamp-clock.js';

const where = 'audit checkpoints';
const retryMs = 10_000;

/**
 * When checkpoints of the audit chain are made: at the start, when the last one is `checkpointMaxAge` old whether or not anything happened, after
 * `checkpointRecords` records, when a segment was closed, when a person asks, and at the end. Mail waits for none of them.
 */
export class CheckpointClock {
  private readonly world: DaemonWorld;
  private readonly maker: CheckpointMaker;
  private readonly timestamps: TimestampClock | undefined;
  private timer: NodeJS.Timeout | undefined;
  private due = false;
  private ended = false;

  private constructor(world: DaemonWorld, maker: CheckpointMaker, timestamps: TimestampClock | undefined) {
    this.world = world;
    this.maker = maker;
    this.timestamps = timestamps;
  }

  /**
   * Undefined where there is no audit identity. Rebuilds the tree from disk: nothing may be appended meanwhile. Throws as loadAuditIdentity and
   * CheckpointMaker.open do.
   */
  static open(world: DaemonWorld, audit: AuditWriter, timestamps: TimestampClock | undefined): CheckpointClock | undefined {
    const identity = identityOf(world);
    if (identity === undefined) return undefined;
    const { layout, health } = world;
    const maker = CheckpointMaker.open(
      { directory: layout.audit, identity, now: () => new Date(), append: (entries) => audit.append(entries) },
      audit.head,
    );
    if (maker.fault !== undefined) {
      health.trouble('newest checkpoint at the start', plainFault(unsound(maker.fault)));
    }
    const clock = new CheckpointClock(world, maker, timestamps);
    audit.follow((written) => {
      const closed = written.at.segment !== maker.segment && maker.segment !== '';
      maker.follow(written);
      if (closed || maker.uncovered >= world.config.audit.checkpointRecords) clock.soon();
    });
    return clock;
  }

  get maxAgeMs(): number {
    return this.world.config.audit.checkpointMaxAge;
  }

  /** The daemon's start has been recorded: from now on one is always due at some time. */
  start(): void {
    this.timestamps?.start();
    // A run to the end makes one at its end.
    if (this.world.once) this.wait(this.maxAgeMs);
    else this.soon();
  }

  /** Makes one now. Rejects with the fault if it cannot be made. */
  async make(): Promise<Made> {
    clearTimeout(this.timer);
    try {
      const made = await this.maker.make();
      this.world.health.trouble(where, undefined);
      this.wait(this.maxAgeMs);
      this.timestamps?.wants(made.number);
      return made;
    } catch (error) {
      const fault = plainFault(error);
      if (fault.disposition === 'fatal') this.world.failed(error);
      else this.world.health.trouble(where, fault);
      this.wait(Math.min(retryMs, this.maxAgeMs));
      throw error;
    }
  }

  /** Ends without a last one. */
  abandon(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  /** The last one, over the record that says that the daemon ends. */
  async stop(): Promise<void> {
    this.abandon();
    await this.make().catch(() => undefined);
  }

  /** Once for all that calls for one before it is made; outside of whoever is writing the chain. */
  private soon(): void {
    if (this.due || this.ended) return;
    this.due = true;
    setImmediate(() => {
      this.due = false;
      // What is wrong has been told.
      if (!this.ended) void this.make().catch(() => undefined);
    });
  }

  private wait(milliseconds: number): void {
    clearTimeout(this.timer);
    if (!this.ended) this.timer = setTimeout(() => this.soon(), milliseconds);
  }
}

/** What `audit.identity` names, read once. */
function identityOf({ config }: DaemonWorld): AuditIdentity | undefined {
  const { identity } = config.audit;
  if (identity === null) return undefined;
  return loadAuditIdentity(identity, {
    environment: process.env,
    credentialsDirectory: process.env.CREDENTIALS_DIRECTORY,
    uid: process.geteuid?.(),
  });
}

function unsound(why: string): SealdropError {
  return new SealdropError('checkpoint-unsound', `the newest checkpoint cannot be gone on from: ${why}`, {
    disposition: 'quarantine',
    cure: 'Keep a copy of the audit directory, run "sealdrop audit verify", and restore what is missing or was changed.',
  });
}

export function noCheckpoints(): SealdropError {
  return new SealdropError('no-checkpoints', 'this daemon makes no checkpoints: audit.identity is not set', {
    disposition: 'retry',
    cure: 'Make an audit identity with "sealdrop audit identity FILE", set audit.identity to it, and restart sealdrop.',
  });
}
