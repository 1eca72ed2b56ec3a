import { inventoryOf } from '../../spool/inventory.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { readTicket } from '../../spool/ticket.js';

/** Puts messages in retry back to work when they are due. At each tick the directory is the truth; due ones go one after the other. */
export class RetryClock {
  private readonly layout: SpoolLayout;
  private readonly retry: (id: string) => Promise<void>;
  private readonly ended: (error: unknown) => void;
  private timer: NodeJS.Timeout | undefined;
  private busy = false;
  private stopped = false;

  /** `ended`: told how a tick ended; one that failed has left the rest of what is due to the next. */
  constructor(layout: SpoolLayout, retry: (id: string) => Promise<void>, ended: (error: unknown) => void) {
    this.layout = layout;
    this.retry = retry;
    this.ended = ended;
  }

  /** With `once` resolves when everything that is due now is back in work. */
  async start(tickMs: number, once: boolean): Promise<void> {
    if (once) return this.tick();
    void this.tick();
    this.timer = setInterval(() => void this.tick(), Math.max(1000, tickMs));
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  private async tick(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (const id of inventoryOf(this.layout.retry).messages) {
        if (this.stopped) break;
        const due = readTicket(this.layout.retry, id)?.nextAttempt;
        if (due !== undefined && Date.parse(due) <= Date.now()) await this.retry(id);
      }
      this.ended(undefined);
    } catch (error) {
      this.ended(error);
    } finally {
      this.busy = false;
    }
  }
}
