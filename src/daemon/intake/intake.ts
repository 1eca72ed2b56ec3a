import { isWait } from '../../errors.js';
import type { Candidate, Waiting } from '../../spool/claim.js';
import type { SpoolLayout } from '../../spool/layout.js';
import type { Health } from '../health.js';
import { plainFault } from '../protocol.js';
import type { WorkerPool } from '../worker/pool.js';
import { type Hint, openHint } from './hint.js';
import { scanDoor } from './scan.js';

export interface IntakeOptions {
  readonly layout: SpoolLayout;
  readonly rescanMs: number;
  readonly once: boolean;
  /** Resolves with true when one more message may be taken in: deliveries behind us are not too deep. False: not before the end. */
  readonly clear: () => Promise<boolean>;
}

/** The watcher is opened after the first scan that found fewer names than this: during a backlog the scan alone drives. */
const quietNames = 1000;

/**
 * Offers what stands in front of the doors to the workers. The scan is the truth: at start, after each hint, every `rescanMs`, and when a
 * file that waited is due. chokidar is only the hint that there is a reason to look.
 */
export class Intake {
  private readonly options: IntakeOptions;
  private readonly pool: WorkerPool;
  private readonly health: Health;
  private hint: Hint | undefined;
  private hinted = false;
  private stopping = false;
  private wake: (() => void) | undefined;
  private scans = 0;
  /** How many files the workers left where they are since the last scan began, and when the first of them will have settled. */
  private leftNow = 0;
  private soonest: number | undefined;
  /** What lies behind us is too deep to take more in before the end. */
  private refused = false;
  /** Claimed files that changed while they were read, by the time to look again. */
  private readonly claimed = new Map<string, number>();

  constructor(options: IntakeOptions, pool: WorkerPool, health: Health) {
    this.options = options;
    this.pool = pool;
    this.health = health;
  }

  /** Runs until `stop`; with `once` until both doors are drained. Returns whether files still wait in front of them. */
  async run(): Promise<{ filesWait: boolean }> {
    for (;;) {
      const offered = await this.scan();
      if (this.stopping) break;
      if (this.options.once) {
        await this.pool.settled();
        if (this.refused) break;
        const soonest = this.soonestSettling();
        if (offered > this.leftNow && soonest === undefined) continue;
        if (soonest === undefined) break;
        await this.sleep(Math.max(1, soonest - Date.now()));
        continue;
      }
      if (this.hint?.failed === true) {
        await this.hint.close();
        this.hint = undefined;
      }
      const isBacklog = offered - this.leftNow >= quietNames;
      if (this.hint === undefined && offered < quietNames) {
        this.hint = await openHint(this.options.layout, () => this.onHint(), this.health);
        // Nobody told of what came since the scan went by.
        if (!this.hint.failed) this.hinted = true;
      }
      if (!this.hinted && !isBacklog) await this.sleep(this.untilNextScan());
      this.hinted = false;
      if (this.stopping) break;
    }
    await this.hint?.close();
    return { filesWait: this.refused || this.leftNow + this.claimed.size > 0 };
  }

  stop(): void {
    this.stopping = true;
    this.wake?.();
  }

  /** Told by the workers of what they left where it is. */
  left(waiting: Waiting): void {
    const { door, name } = waiting.candidate;
    if (door === 'claimed') this.claimed.set(name, waiting.dueMs ?? Date.now() + this.options.rescanMs);
    this.leftNow++;
    const { dueMs } = waiting;
    if (waiting.code === 'not-settled' && dueMs !== undefined) this.soonest = Math.min(dueMs, this.soonest ?? dueMs);
    this.health.fileWaits(waiting, this.scans);
  }

  /** One look at everything in front of the doors, to the end. Returns how many names were offered. */
  private async scan(): Promise<number> {
    const { layout, clear } = this.options;
    this.scans++;
    this.leftNow = 0;
    this.soonest = undefined;
    let offered = 0;
    const offer = async (candidate: Candidate) => {
      this.refused = !(await clear());
      if (this.refused) return;
      await this.pool.offer(candidate);
      offered++;
    };
    try {
      for (const [name, dueMs] of this.claimed) {
        if (dueMs > Date.now()) continue;
        this.claimed.delete(name);
        await offer({ door: 'claimed', name });
      }
      for (const door of ['new', 'outbox'] as const) {
        for await (const candidate of scanDoor(layout, door)) {
          if (this.stopping) return offered;
          await offer(candidate);
          if (this.refused) return offered;
        }
      }
      this.health.pause('outbox', undefined);
    } catch (error) {
      if (!isWait(error)) throw error;
      this.health.pause('outbox', plainFault(error));
    }
    await this.pool.taken();
    this.health.forgetFilesNotSeenSince(this.scans - 1);
    return offered;
  }

  private onHint(): void {
    this.hinted = true;
    this.wake?.();
  }

  private soonestSettling(): number | undefined {
    const times = [...this.claimed.values(), ...(this.soonest === undefined ? [] : [this.soonest])];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  private untilNextScan(): number {
    const soonest = this.soonestSettling();
    const rescan = this.options.rescanMs;
    return soonest === undefined ? rescan : Math.max(1, Math.min(rescan, soonest - Date.now()));
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const self = this;
      function done(): void {
        clearTimeout(timer);
        self.wake = undefined;
        resolve();
      }
      this.wake = done;
    });
  }
}
