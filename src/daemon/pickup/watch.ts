import { trailAside } from '../../audit/trail-aside.js';
import type { AuditWriter } from '../../audit/writer.js';
import { BadDirectory, maxFound } from '../../delivery/pickup/bad-directory.js';
import { isWait } from '../../errors.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { copyIdOf, type RefusedCopy } from '../../spool/refused-copy.js';
import { hasMarker } from '../../spool/staging-marker.js';
import type { Log } from '../log.js';
import { type PlainFault, plainFault } from '../protocol.js';
import { takeRefused } from './refused-copies.js';
import { Settling } from './settling.js';

export interface PickupWatchWorld {
  readonly layout: SpoolLayout;
  readonly audit: AuditWriter;
  readonly pickup: { readonly directory: string; readonly staging: string; readonly bad: string; readonly settleBadMs: number };
  /** The staging marker: while it is there, the directories are those that were committed into. */
  readonly marker: string;
  readonly log: Log;
  readonly waits: (fault: PlainFault | undefined) => void;
  readonly held: (copy: RefusedCopy) => void;
  readonly handedOver: (count: number) => void;
  readonly failed: (error: unknown) => void;
}

const lookEveryMs = 3000;
const restFactor = 20;

/**
 * Looks after what has been committed: what the MTA refused is taken out of its bad directory and held for a person, what it took is
 * recorded. Every few seconds, at most for a twentieth of the time; with nothing open and nothing new in the bad directory a look is one
 * system call.
 */
export class PickupWatch {
  private readonly world: PickupWatchWorld;
  private readonly bad: BadDirectory;
  private readonly settling: Settling;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(world: PickupWatchWorld) {
    const { layout, audit, pickup, handedOver } = world;
    this.world = world;
    this.bad = new BadDirectory(pickup.bad);
    this.settling = new Settling({
      auditDirectory: layout.audit,
      audit,
      stateFile: layout.settlingFile,
      pickup: pickup.directory,
      settleMs: pickup.settleBadMs,
      handedOver,
    });
  }

  /** With `once` resolves when what is in the bad directory now is held; what is open is settled by a later run. */
  async start(once: boolean): Promise<void> {
    await this.settling.load();
    if (once) await this.look(() => this.takeRefused().then(() => undefined));
    else this.lookIn(Math.min(lookEveryMs, Math.max(100, this.world.pickup.settleBadMs / 2)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private lookIn(ms: number): void {
    this.timer = setTimeout(() => {
      const startedMs = performance.now();
      this.looking = this.look(() => this.lookOnce()).then(() => {
        if (!this.stopped) this.lookIn(Math.max(ms, Math.min(20 * lookEveryMs, restFactor * (performance.now() - startedMs))));
      });
    }, ms);
  }

  private async look(step: () => Promise<void>): Promise<void> {
    try {
      await step();
      this.world.waits(undefined);
    } catch (error) {
      if (isWait(error)) this.world.waits(plainFault(error));
      else this.world.failed(error);
    }
  }

  /** Pickup first, then bad: what the MTA moves in between is found in one of them. */
  private async lookOnce(): Promise<void> {
    const { marker, pickup } = this.world;
    // In the empty directory under an unmounted one everything would seem to have been taken.
    const listedMs = this.settling.idle || !hasMarker(pickup.staging, marker) ? undefined : await this.settling.look(Date.now);
    const allHeld = await this.takeRefused();
    if (listedMs !== undefined && allHeld && hasMarker(pickup.staging, marker)) await this.settling.settle(listedMs);
  }

  /** Resolves with true when everything of ours in the bad directory is held or passed over. */
  private async takeRefused(): Promise<boolean> {
    const { layout, audit, log, held } = this.world;
    const found = await this.bad.look();
    if (found === undefined) return false;
    if (found.length === 0) return true;
    await takeRefused(
      {
        layout,
        audit,
        trailOf: (ids, since) => trailAside(layout.audit, ids, since),
        now: () => new Date(),
        refused: (id, number, of) => this.settling.reject(id, number, of),
        held: (copy) => {
          log.warn(copy.message, { id: copy.id, copy: copyIdOf(copy), code: copy.code, cure: copy.cure });
          held(copy);
        },
        passed: ({ name, id }, why) =>
          log.warn(`left in the MTA's bad directory: ${name}: ${why}`, { id, code: 'bad-file-left', cure: leftCure }),
      },
      this.bad,
      found,
    );
    return found.length < maxFound;
  }
}

const leftCure = 'Give the user sealdrop runs as the right to read and remove files there, or move this file away.';
