import { readFileSync } from 'node:fs';
import { checkpointDirectory, checkpointNames, checkpointPath, timestampName } from '../../audit/checkpoint/files.js';
import { fileIfThere, maxCheckpointBytes } from '../../audit/checkpoint/read.js';
import { TimestampAuthority } from '../../audit/timestamp/authority.js';
import type { Config } from '../../config/schema.js';
import { replaceFile } from '../../disk/durable.js';
import { SealdropError } from '../../errors.js';
import { readCertificateFile } from '../../keys/certificate-file.js';
import { plainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';

type TimestampConfig = NonNullable<Config['audit']['timestamp']>;

const where = 'audit time-stamps';
const longestPauseMs = 3_600_000;
/** Checkpoints that an authority was away for are stamped later; further back a stamp tells nothing that the newer ones do not. */
const mostMissing = 100;

/** Has checkpoints time-stamped, newest first, one after the other. Nothing waits for it; an authority that stays away is asked less and less. */
export class TimestampClock {
  private readonly world: DaemonWorld;
  private readonly authority: TimestampAuthority;
  private readonly firstPauseMs: number;
  private missing: number[] = [];
  private pauseMs: number;
  private timer: NodeJS.Timeout | undefined;
  private working = false;
  private ended = false;

  private constructor(world: DaemonWorld, config: TimestampConfig) {
    const { url, ca, tlsCa, retryAfter } = config;
    this.world = world;
    const tls = tlsCa === null ? {} : { tlsCa: readFileSync(tlsCa, 'utf8') };
    this.authority = new TimestampAuthority({ url, anchors: readCertificateFile(ca).map(({ der }) => der), ...tls });
    this.firstPauseMs = retryAfter;
    this.pauseMs = retryAfter;
  }

  /** Undefined where the configuration wants none. Throws `timestamp-ca-unusable` (fatal). */
  static open(world: DaemonWorld): TimestampClock | undefined {
    const { timestamp, identity } = world.config.audit;
    if (timestamp === undefined || identity === null) return undefined;
    try {
      return new TimestampClock(world, timestamp);
    } catch (error) {
      throw new SealdropError('timestamp-ca-unusable', `audit.timestamp: ${error instanceof Error ? error.message : String(error)}`, {
        disposition: 'fatal',
        cure: 'Put the certificates there as PEM, readable for the user sealdrop runs as.',
        cause: error,
      });
    }
  }

  /** Takes up what an earlier run left unstamped. */
  start(): void {
    const { checkpoints, timestamps } = checkpointNames(this.world.layout.audit);
    const stamped = new Set(timestamps);
    this.missing = checkpoints.slice(-mostMissing).filter((number) => !stamped.has(number));
    void this.work();
  }

  wants(number: number): void {
    this.missing.push(number);
    if (this.missing.length > mostMissing) this.missing.shift();
    void this.work();
  }

  async stop(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.authority.close();
  }

  private async work(): Promise<void> {
    if (this.working || this.timer !== undefined) return;
    this.working = true;
    for (let number = this.missing.at(-1); number !== undefined && !this.ended; number = this.missing.at(-1)) {
      if (!(await this.stamped(number))) break;
      this.missing = this.missing.filter((each) => each !== number);
    }
    this.working = false;
  }

  private async stamped(number: number): Promise<boolean> {
    const { layout, health, log } = this.world;
    try {
      const checkpoint = fileIfThere(checkpointPath(layout.audit, number), maxCheckpointBytes);
      // Taken away since: that is for "audit verify" to find.
      if (checkpoint === undefined) return true;
      const { token, timeStamp } = await this.authority.stamp(checkpoint);
      // Killed before it is in its place: it is asked for again.
      replaceFile(checkpointDirectory(layout.audit), timestampName(number), token, 0o440);
      log.debug('checkpoint time-stamped', { number, time: timeStamp.time.toISOString(), by: timeStamp.signer });
      health.trouble(where, undefined);
      this.pauseMs = this.firstPauseMs;
      return true;
    } catch (error) {
      if (!this.ended) this.later(error);
      return false;
    }
  }

  private later(error: unknown): void {
    const { health, failed } = this.world;
    const fault = plainFault(error);
    // A disk that cannot say what it holds is everybody's matter; an authority is nobody's but ours.
    if (fault.code === 'fsync-failed') failed(error);
    health.trouble(where, { ...fault, message: `${this.missing.length} checkpoints have no time-stamp: ${fault.message}` });
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.work();
    }, this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
  }
}
