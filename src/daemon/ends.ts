import { exitCodes } from './exit-code.js';
import type { Health } from './health.js';
import type { Log } from './log.js';
import type { Done } from './protocol.js';

/** How a message ended that the main thread took further than the workers did. */
export interface End {
  readonly id: string;
  readonly file: string;
  readonly outcome: 'committed' | 'sent' | 'deferred' | 'quarantined' | 'waits';
  readonly why?: string | undefined;
}

/** What became of this run's messages: told to the log and to health, and counted for the exit code of a run to the end. */
export class Ends {
  private readonly health: Health;
  private readonly log: Log;
  private quarantined = 0;
  private deferred = 0;
  private waiting = 0;

  constructor(health: Health, log: Log) {
    this.health = health;
    this.log = log;
  }

  /** A worker is done with it. */
  worked({ id, file, outcome, fault }: Done): void {
    this.health.count('accepted');
    if (outcome !== 'handed-over') this.health.count(outcome);
    if (outcome === 'committed') this.log.debug('committed', { id, file });
    if (outcome !== 'quarantined' && outcome !== 'deferred') return;
    this[outcome]++;
    this.log.warn(`${outcome}: ${fault?.message ?? ''}`, { id, file, code: fault?.code, cure: fault?.cure });
  }

  ended({ id, file, outcome, why }: End): void {
    if (outcome === 'quarantined' || outcome === 'deferred') this[outcome]++;
    if (outcome === 'waits') this.waits(1);
    else this.health.count(outcome);
    this.log.info(outcome, { id, file, why });
  }

  /** A copy that the MTA refused is held for a person. */
  refused(): void {
    this.health.count('rejected');
    this.quarantined++;
  }

  /** So much is left where it is, for a later run. */
  waits(count: number): void {
    this.waiting += count;
  }

  exitCode(): number {
    if (this.quarantined > 0) return exitCodes.badMessage;
    return this.waiting > 0 || this.deferred > 0 ? exitCodes.tryLater : exitCodes.ok;
  }
}
