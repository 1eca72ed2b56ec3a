import { readFileSync } from 'node:fs';
import { type Entry, newEntry } from '../audit/record.js';
import type { Delivery, RecipientOutcome } from '../delivery/delivery.js';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import type { Plan } from '../policy/plan.js';
import type { SpoolLayout } from '../spool/layout.js';
import { moveMessage, removeMessage, removeSealed } from '../spool/move.js';
import { type CopyState, isDone, type RefusedRecipient, readTicket, type Ticket } from '../spool/ticket.js';
import type { RetryTimes } from './backoff.js';
import { withSent } from './history.js';
import { type HoldFacts, holdTicket, type SetAside, setAside } from './hold.js';
import { type PlainFault, plainFault } from './protocol.js';
import type { HandedOver } from './worker-context.js';

export interface OutgoingWorld {
  readonly layout: SpoolLayout;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly delivery: Delivery;
  readonly retry: RetryTimes;
  readonly connections: number;
  readonly once: boolean;
  readonly now: () => Date;
  readonly waits: (fault: PlainFault | undefined) => void;
  readonly ended: (end: { id: string; file: string; outcome: 'sent' | 'deferred' | 'quarantined' | 'waits'; why?: string }) => void;
  readonly failed: (error: unknown) => void;
}

const unavailableMs = 5000;

/**
 * Sends the copies that leave by a socket, at least once (I5): the sealed bytes lie in `work/sealed`, the same on every attempt, and a
 * recipient whose result is recorded is never sent again. The window is between the server's answer and our record.
 */
export class Outgoing {
  private readonly world: OutgoingWorld;
  private readonly queue: HandedOver[] = [];
  private running = 0;
  private stopping = false;
  private wakers: (() => void)[] = [];
  private readonly sleepers = new Set<() => void>();

  constructor(world: OutgoingWorld) {
    this.world = world;
  }

  /** Messages under way; intake pauses when there are many. */
  get depth(): number {
    return this.queue.length + this.running;
  }

  add(message: HandedOver): void {
    if (this.stopping) return;
    this.queue.push(message);
    this.next();
  }

  async settled(): Promise<void> {
    while (this.depth > 0) await new Promise<void>((resolve) => this.wakers.push(resolve));
  }

  /** Begins nothing new: what is not being sent now stays in `work/` with its intent and is resumed at the next start. */
  halt(): void {
    this.stopping = true;
    this.queue.length = 0;
    for (const wake of this.sleepers) wake();
  }

  /** Finishes what is being sent. */
  async stop(): Promise<void> {
    this.halt();
    await this.settled();
    await this.world.delivery.close();
  }

  private next(): void {
    while (!this.stopping && this.running < this.world.connections && this.queue.length > 0) {
      const message = this.queue.shift();
      if (message === undefined) return;
      this.running++;
      this.deliver(message)
        .catch((error: unknown) => this.world.failed(error))
        .finally(() => {
          this.running--;
          this.next();
          const wakers = this.wakers;
          this.wakers = [];
          for (const wake of wakers) wake();
        });
    }
  }

  private async deliver(message: HandedOver): Promise<void> {
    const { layout, audit, ended } = this.world;
    const plan = message.intent.plan as Plan;
    let { intent } = message;
    const results: { copy: CopyState; recipients: RecipientOutcome[] }[] = [];
    for (const copy of intent.copies) {
      if (copy.via === 'pickup' || copy.pending.length === 0) continue;
      const recipients = await this.sendCopy(message.id, plan, copy);
      if (recipients === 'stopped') {
        ended({ id: message.id, file: message.file, outcome: 'waits' });
        return;
      }
      const detail = { copies: [{ number: copy.number, recipients }] };
      await audit.append([newEntry('sent', { id: message.id, outcome: summaryOf(recipients) }, detail)]);
      intent = withSent(intent, detail) ?? intent;
      results.push({ copy, recipients });
    }
    const all = results.flatMap(({ recipients }) => recipients);
    const earlier = readTicket(layout.work, message.id);
    const refused = [
      ...(earlier?.refused ?? []),
      ...all.filter(({ status }) => status === 'refused').map(({ address, code, text }) => ({ address, code, text })),
    ];
    const facts = { id: message.id, submittedAs: message.file, uid: message.uid, earlier, intent };
    if (!isDone(intent))
      await this.putBack(
        facts,
        all.filter(({ status }) => status === 'deferred'),
        refused,
      );
    else if (refused.length > 0) await this.hold(facts, refusedFault(refused), refused);
    else {
      // Sealed copies first: killed in between, the records say that all is done and the next start removes the rest.
      removeSealed(layout, intent.copies);
      removeMessage(layout.work, message.id);
      ended({ id: message.id, file: message.file, outcome: 'sent' });
    }
  }

  /** Waits while the server as a whole does not serve; that counts no attempt (I8). */
  private async sendCopy(id: string, plan: Plan, copy: CopyState): Promise<RecipientOutcome[] | 'stopped'> {
    const path = `${this.world.layout.sealed}/${copy.name}`;
    const planned = plan.copies.find(({ number }) => number === copy.planned);
    for (;;) {
      try {
        const { recipients } = await this.world.delivery.send({
          sender: plan.sender,
          recipients: copy.pending,
          message: readSealed(path),
          envid: planned?.transport.envid ?? id,
        });
        this.world.waits(undefined);
        return [...recipients];
      } catch (error) {
        if (!(error instanceof SealdropError) || error.disposition === 'fatal') throw error;
        if (error.disposition !== 'wait') {
          return copy.pending.map((address) => ({ address, status: 'refused', code: error.code, text: error.message }));
        }
        this.world.waits(plainFault(error));
        if (this.stopping || this.world.once) return 'stopped';
        await this.pause();
        if (this.stopping) return 'stopped';
      }
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, unavailableMs);
      this.sleepers.add(wake);
    });
  }

  private async putBack(facts: HoldFacts, deferred: readonly RecipientOutcome[], refused: readonly RefusedRecipient[]): Promise<void> {
    const { retry, now } = this.world;
    const fault = new SealdropError('deferred-by-server', `the server asks to try again later: ${wordsOf(deferred)}`, {
      disposition: 'retry',
      cure: 'Nothing to do: sealdrop tries again by itself. `sealdrop queue retry` tries now.',
    });
    const aside = setAside(facts, fault, retry, now(), Math.random());
    await this.moveAside({ ...aside, ticket: { ...aside.ticket, refused } });
  }

  private async hold(facts: HoldFacts, fault: SealdropError, refused: readonly RefusedRecipient[]): Promise<void> {
    const ticket: Ticket = { ...holdTicket(facts, fault, this.world.now()), refused };
    await this.moveAside({ event: 'quarantined', to: 'quarantine', ticket });
  }

  private async moveAside({ event, to, ticket }: SetAside): Promise<void> {
    const { layout, audit, ended } = this.world;
    await audit.append([newEntry(event, { id: ticket.id, outcome: ticket.code }, { ticket })]);
    moveMessage(layout.work, layout[to], ticket);
    ended({ id: ticket.id, file: ticket.file, outcome: event, why: ticket.message });
  }
}

function readSealed(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw diskFault(error, 'read', path);
  }
}

function summaryOf(recipients: readonly RecipientOutcome[]): string {
  const statuses = new Set(recipients.map(({ status }) => status));
  return statuses.size === 1 ? ([...statuses][0] ?? 'none') : 'partial';
}

function wordsOf(recipients: readonly RefusedRecipient[]): string {
  return recipients.map(({ address, code, text }) => `${address}: ${code} ${text}`).join('; ');
}

function refusedFault(refused: readonly RefusedRecipient[]): SealdropError {
  return new SealdropError('refused-by-server', `the server refused: ${wordsOf(refused)}`, {
    disposition: 'quarantine',
    cure: 'Mend the address or the server; recipients already served are not sent again. `sealdrop queue retry` offers the refused ones again.',
  });
}
