import { setTimeout as pause } from 'node:timers/promises';
import { proveImmutable } from '../../archive/immutable.js';
import type { AuditWriter } from '../../audit/writer.js';
import { isWait } from '../../errors.js';
import { plainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import { ImmutableKeeper } from './immutable-keeper.js';

const everyMs = 2000;

/** Looks after the immutable attribute while the daemon lives, and once more at its end. */
export class ImmutableRounds {
  private readonly world: DaemonWorld;
  private readonly keeper: ImmutableKeeper;
  private readonly ended = new AbortController();
  private rounds: Promise<void> = Promise.resolve();

  private constructor(world: DaemonWorld, audit: AuditWriter) {
    const { archive, rules } = world.config;
    const full = [archive.keepSealed, ...rules.map((rule) => rule.archive?.keepSealed ?? archive.keepSealed)].map(
      (kept) => kept === 'full',
    );
    const keeps = full.every(Boolean) ? 'all' : full.some(Boolean) ? 'some' : 'none';
    this.world = world;
    this.keeper = new ImmutableKeeper({ layout: world.layout, audit, keeps });
  }

  /** Undefined where it is not asked for. Throws SealdropError `archive-immutable` (fatal) where it cannot be. */
  static async start(world: DaemonWorld, audit: AuditWriter): Promise<ImmutableRounds | undefined> {
    if (world.config.archive.immutable === 'off') return undefined;
    await proveImmutable(world.layout.archive);
    const rounds = new ImmutableRounds(world, audit);
    rounds.keeper.load();
    rounds.rounds = rounds.go();
    return rounds;
  }

  /** When everything else has ended. */
  async stop(): Promise<void> {
    this.ended.abort();
    await this.rounds;
    await this.once();
  }

  private async go(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.once();
    }
  }

  /** No mail waits for it. */
  private async once(): Promise<void> {
    const { health, failed } = this.world;
    try {
      await this.keeper.look();
      health.trouble('archive', undefined);
    } catch (error) {
      if (isWait(error)) health.trouble('archive', plainFault(error));
      else failed(error);
    }
  }
}
