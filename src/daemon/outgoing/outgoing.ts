import { type Entry, newEntry } from '../../audit/record.js';
import type { Delivery, RecipientOutcome } from '../../delivery/delivery.js';
import { isWait, SealdropError } from '../../errors.js';
import type { Plan } from '../../policy/plan.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { moveMessage, removeMessage, removeSealed } from '../../spool/move.js';
import { sealedFile } from '../../spool/sealed-file.js';
import { type CopyState, type Intent, isDone, type RefusedRecipient, readTicket, type Ticket, writeTicket } from '../../spool/ticket.js';
import type { AnsweringWay } from '../../way.js';
import type { RetryTimes } from '../backoff.js';
import type { End } from '../ends.js';
import { type HoldFacts, holdTicket, refusedFault, refusedWords, type SetAside, setAside } from '../hold.js';
import { type PlainFault, plainFault } from '../protocol.js';
import { refusedAfter, withSent } from '../recovery/history.js';
import type { HandedOver } from '../worker/context.js';
import { Lane } from './lane.js';

/** One way to the MTA, opened. */
export interface OpenWay {
  readonly delivery: Delivery;
  /** Copies offered at the same time. */
  readonly connections: number;
}

export interface OutgoingWorld {
  readonly layout: SpoolLayout;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly ways: ReadonlyMap<AnsweringWay, OpenWay>;
  readonly retry: RetryTimes;
  /** Messages of one way that are held in memory with their plans; of more, only their names are. */
  readonly inMemory: number;
  readonly once: boolean;
  readonly now: () => Date;
  readonly waits: (way: AnsweringWay, fault: PlainFault | undefined) => void;
  /** Repeats a step while the disk refuses it (`wait`), until told to stop. */
  readonly patiently: (step: () => void) => Promise<void>;
  readonly ended: (end: End) => void;
  readonly failed: (error: unknown) => void;
}

const remembered = 100_000;

/** A message on its way out; what its copies came to is gathered here until all of them have an answer. */
interface Passage {
  readonly message: Omit<HandedOver, 'intent'>;
  /** Undefined while it is kept on disk alone. */
  intent: Intent | undefined;
  /** Ways on which copies of it are still under way. */
  open: number;
  /** Some copies were not offered; the message stays in `work/` and is resumed at the next start. */
  left: boolean;
  /** Numbers of the copies that got an answer; what was deferred is not offered again before its time. */
  readonly answered: Set<number>;
  readonly deferred: RecipientOutcome[];
  refused: readonly RefusedRecipient[];
}

/**
 * Sends the copies that somebody answers for, at least once (I5): the sealed bytes lie in `work/sealed`, the same on every attempt, and a
 * recipient whose result is recorded is never sent again. The window is between the server's answer and our record. Each way has a queue
 * and bounds of its own; a message with copies on several ways is done when the last of them is.
 */
export class Outgoing {
  private readonly world: OutgoingWorld;
  private readonly lanes: ReadonlyMap<AnsweringWay, Lane<Passage>>;

  constructor(world: OutgoingWorld) {
    this.world = world;
    this.lanes = new Map([...world.ways].map(([way, open]) => [way, this.lane(way, open)]));
  }

  /**
   * Intake has to pause: a server that serves has more to do than it gets done, or so many messages wait for one that does not that no
   * more can be remembered. Until then a way that does not serve leaves the others alone.
   */
  get isFull(): boolean {
    return [...this.lanes.values()].some((lane) => lane.depth >= (lane.isServed ? this.world.inMemory : remembered));
  }

  add({ intent, ...message }: HandedOver): void {
    const ways = waysOf(intent);
    const refused = message.refused ?? readTicket(this.world.layout.work, message.id)?.refused ?? [];
    const passage: Passage = {
      message,
      intent,
      open: ways.length,
      left: false,
      answered: new Set(),
      deferred: [],
      refused,
    };
    const [only] = ways;
    if (only !== undefined && ways.length === 1 && (this.lanes.get(only)?.depth ?? 0) >= this.world.inMemory)
      this.putOnDisk(passage, intent);
    if (ways.length === 0) this.concludeIfLast(passage).catch((error: unknown) => this.world.failed(error));
    for (const way of ways) {
      const lane = this.lanes.get(way);
      if (lane !== undefined) lane.add(passage);
      else {
        this.world.waits(way, plainFault(notConfigured(way, message.id)));
        this.leave(passage);
      }
    }
  }

  async settled(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.settled()));
  }

  /** Begins nothing new: what is not being sent now stays in `work/` with its intent and is resumed at the next start. */
  halt(): void {
    for (const lane of this.lanes.values()) lane.halt();
  }

  /** Finishes what is being sent. */
  async stop(): Promise<void> {
    this.halt();
    await this.settled();
    await Promise.all([...this.world.ways.values()].map(({ delivery }) => delivery.close()));
  }

  private lane(way: AnsweringWay, { delivery, connections }: OpenWay): Lane<Passage> {
    const { once, failed, waits } = this.world;
    return new Lane({
      connections,
      once,
      failed,
      carry: (passage) => this.carry(passage, way, delivery),
      left: (passage) => this.leave(passage),
      waits: (fault) => waits(way, fault === undefined ? undefined : plainFault(fault)),
    });
  }

  /** Offers the copies of a message that go this way and have no result yet. */
  private async carry(passage: Passage, way: AnsweringWay, delivery: Delivery): Promise<SealdropError | undefined> {
    const { id } = passage.message;
    const wasOnDisk = passage.intent === undefined;
    passage.intent ??= this.readFromDisk(id);
    const plan = passage.intent.plan as Plan;
    for (const copy of passage.intent.copies) {
      if (copy.via !== way || copy.pending.length === 0 || passage.answered.has(copy.number)) continue;
      const recipients = await this.offer(id, plan, copy, delivery);
      if (recipients instanceof SealdropError) {
        if (wasOnDisk && passage.answered.size === 0) passage.intent = undefined;
        return recipients;
      }
      const detail = { copies: [{ number: copy.number, recipients }] };
      await this.world.audit.append([newEntry('sent', { id, outcome: summaryOf(recipients) }, detail)]);
      passage.answered.add(copy.number);
      passage.intent = withSent(passage.intent, detail);
      passage.deferred.push(...recipients.filter(({ status }) => status === 'deferred'));
      passage.refused = refusedAfter(passage.refused, detail);
    }
    passage.open--;
    await this.concludeIfLast(passage);
    return undefined;
  }

  private async offer(id: string, plan: Plan, copy: CopyState, delivery: Delivery): Promise<RecipientOutcome[] | SealdropError> {
    const planned = plan.copies.find(({ number }) => number === copy.planned);
    try {
      const { recipients } = await delivery.send({
        sender: plan.sender,
        recipients: copy.pending,
        message: sealedFile(`${this.world.layout.sealed}/${copy.name}`, copy.sizeBytes),
        envid: planned?.transport.envid ?? id,
        submittedMsysApi: planned?.transport.msysApi,
      });
      return [...recipients];
    } catch (error) {
      if (!(error instanceof SealdropError) || error.disposition === 'fatal') throw error;
      if (error.disposition === 'wait') return error;
      return copy.pending.map((address) => ({ address, status: 'refused', code: error.code, text: error.message }));
    }
  }

  /** Its plan goes into a ticket beside the message, which recovery reads too. While the disk refuses that, it stays in memory. */
  private putOnDisk(passage: Passage, intent: Intent): void {
    try {
      this.writePlan(passage, intent);
      passage.intent = undefined;
    } catch (error) {
      if (!isWait(error)) throw error;
    }
  }

  private writePlan(passage: Passage, intent: Intent): void {
    const { layout, now } = this.world;
    const { id, file, uid } = passage.message;
    const { attempts = 0, firstAttempt } = readTicket(layout.work, id) ?? {};
    writeTicket(layout.work, {
      version: 1,
      id,
      file,
      uid,
      time: now().toISOString(),
      code: 'waits-for-way',
      message: 'many messages wait for the way it is to go',
      cure: 'Nothing to do: sealdrop sends it when its turn has come.',
      attempts,
      firstAttempt,
      refused: passage.refused.length > 0 ? passage.refused : undefined,
      intent,
    });
  }

  private readFromDisk(id: string): Intent {
    const intent = readTicket(this.world.layout.work, id)?.intent;
    if (intent !== undefined) return intent;
    throw new SealdropError('ticket-lost', `the note beside message ${id} in work is missing`, {
      disposition: 'fatal',
      cure: 'Restart sealdrop: it reads what was decided from the audit records.',
    });
  }

  private leave(passage: Passage): void {
    passage.left = true;
    passage.open--;
    this.concludeIfLast(passage).catch((error: unknown) => this.world.failed(error));
  }

  private async concludeIfLast({ message, intent, open, left, deferred, refused }: Passage): Promise<void> {
    if (open > 0) return;
    const { layout, ended, patiently } = this.world;
    const { id, file, uid } = message;
    if (left || intent === undefined) {
      ended({ id, file, outcome: 'waits' });
      return;
    }
    const facts = { id, submittedAs: file, uid, earlier: readTicket(layout.work, id), intent };
    if (!isDone(intent)) await this.putBack(facts, deferred, refused);
    else if (refused.length > 0) await this.hold(facts, refusedFault(refused), refused);
    else {
      // Sealed copies first: killed in between, the records say that all is done and the next start removes the rest.
      await patiently(() => {
        removeSealed(layout, intent.copies);
        removeMessage(layout.work, id);
      });
      ended({ id, file, outcome: 'sent' });
    }
  }

  private async putBack(facts: HoldFacts, deferred: readonly RecipientOutcome[], refused: readonly RefusedRecipient[]): Promise<void> {
    const { retry, now } = this.world;
    const fault = new SealdropError('deferred-by-server', `the server asks to try again later: ${refusedWords(deferred)}`, {
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
    const { layout, audit, ended, patiently } = this.world;
    await audit.append([newEntry(event, { id: ticket.id, outcome: ticket.code }, { ticket })]);
    await patiently(() => moveMessage(layout.work, layout[to], ticket));
    ended({ id: ticket.id, file: ticket.file, outcome: event, why: ticket.message });
  }
}

function waysOf({ copies }: Intent): AnsweringWay[] {
  const ways = new Set<AnsweringWay>();
  for (const { via, pending } of copies) if (via !== 'pickup' && pending.length > 0) ways.add(via);
  return [...ways];
}

function summaryOf(recipients: readonly RecipientOutcome[]): string {
  const statuses = new Set(recipients.map(({ status }) => status));
  return statuses.size === 1 ? ([...statuses][0] ?? 'none') : 'partial';
}

function notConfigured(way: AnsweringWay, id: string): SealdropError {
  return new SealdropError('way-not-configured', `message ${id} was to go by ${way}, and delivery.${way} is not configured any more`, {
    disposition: 'wait',
    cure: `Configure delivery.${way} again and restart sealdrop.`,
  });
}
