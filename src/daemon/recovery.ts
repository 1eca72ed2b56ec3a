import { existsSync, statSync } from 'node:fs';
import { archivePath } from '../archive/path.js';
import { addToArchive, syncArchive } from '../archive/store.js';
import { type Entry, newEntry } from '../audit/record.js';
import { trailOf } from '../audit/trail.js';
import type { Config } from '../config/schema.js';
import { removeIfThere, syncDirectory } from '../disk/durable.js';
import { timeOfMessageId } from '../message-id.js';
import { type CommitOutcome, resumeCommit } from '../spool/commit.js';
import { claimedFiles, copiesIn, inventoryOf } from '../spool/inventory.js';
import { firstNumberAgain, type SpoolLayout } from '../spool/layout.js';
import { moveMessage, removeMessage } from '../spool/move.js';
import { sweepRefused } from '../spool/refused-copy.js';
import { type Intent, isDone, readTicket, type Ticket, ticketName } from '../spool/ticket.js';
import { commitUnknown } from './batch.js';
import type { EventDetails } from './events.js';
import { type History, historyOf, withCommitted } from './history.js';
import { holdTicket } from './hold.js';
import type { Offer } from './protocol.js';
import type { HandedOver } from './worker-context.js';

export interface RecoveryWorld {
  readonly layout: SpoolLayout;
  readonly config: Config;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly bootId: string;
  readonly now: () => Date;
  /** Repeats a step while it throws `wait` faults. */
  readonly patiently: <T>(step: () => T) => Promise<T>;
}

export interface Recovered {
  /** To be offered to the workers before anything else. */
  readonly offers: readonly Offer[];
  readonly handedOver: readonly HandedOver[];
  readonly summary: { readonly resumed: number; readonly held: number; readonly finished: number };
}

/**
 * Brings everything in `work/` back to a defined state at start, under the lock, before the doors open. `work/` is the only place where
 * a kill can leave something half done; what it was is read from the audit records, and each step below can itself be killed and run
 * again. Sealed copies without an intent are removed and made anew; those with one are finished (I2).
 */
export async function recover(world: RecoveryWorld): Promise<Recovered> {
  const { layout } = world;
  const claimed = claimedFiles(layout);
  const { messages, tickets } = inventoryOf(layout.work);
  const own = new Map(messages.map((id) => [id, readTicket(layout.work, id)] as const));
  const trail = trailOf(layout.audit, new Set([...claimed.keys(), ...own.keys()]), earliest([...claimed.keys()], own));
  const offers: Offer[] = [];
  const handedOver: HandedOver[] = [];
  const summary = { resumed: 0, held: 0, finished: 0 };

  const takenAgain = new Set<string>();
  for (const [id, name] of claimed) {
    const accepted = (trail.get(id) ?? []).some((record) => record.event === 'accepted');
    if (accepted) {
      removeIfThere(Buffer.concat([Buffer.from(`${layout.claimed}/`), Buffer.from(name, 'latin1')]));
      continue;
    }
    // Never acknowledged: our copy may be partial. The submitter's own file is here, and is taken again.
    removeIfThere(`${layout.work}/${id}.eml`);
    removeIfThere(`${layout.archive}/${archivePath(id)}`);
    own.delete(id);
    takenAgain.add(id);
    offers.push({ door: 'claimed', name });
  }

  const withIntent = new Set<string>();
  for (const [id, ticket] of own) {
    const history = historyOf(ticket, trail.get(id) ?? []);
    if (history.intent !== undefined && !history.released) withIntent.add(id);
  }
  await world.patiently(() => removeUnrecordedCopies(world, (id) => takenAgain.has(id) || (own.has(id) && !withIntent.has(id)), own));

  for (const [id, ticket] of own) {
    const history = historyOf(ticket, trail.get(id) ?? []);
    const next = await recoverOne(world, id, ticket, history);
    if (next.kind === 'offer') offers.push(next.offer);
    if (next.kind === 'handed-over') handedOver.push(next.message);
    if (next.kind !== 'offer') summary[next.kind === 'held' ? 'held' : next.kind === 'finished' ? 'finished' : 'resumed']++;
  }
  for (const id of tickets) if (!own.has(id)) removeIfThere(`${layout.work}/${ticketName(id)}`);
  sweepTickets(layout);
  for (const directory of [layout.refused, layout.again]) sweepRefused(directory);
  return { offers, handedOver, summary: { ...summary, resumed: summary.resumed + offers.length } };
}

type Next =
  | { readonly kind: 'offer'; readonly offer: Offer }
  | { readonly kind: 'handed-over'; readonly message: HandedOver }
  | { readonly kind: 'held' }
  | { readonly kind: 'finished' };

async function recoverOne(world: RecoveryWorld, id: string, ticket: Ticket | undefined, history: History): Promise<Next> {
  const { layout } = world;
  const file = ticket?.file ?? history.accepted?.file ?? `${id}.eml`;
  const uid = ticket?.uid ?? history.accepted?.uid ?? statSync(`${layout.work}/${id}.eml`).uid;
  if (history.dropped) {
    finishDropped(layout, id);
    return { kind: 'finished' };
  }
  if (history.setAside !== undefined) {
    moveMessage(layout.work, history.setAside.to === 'retry' ? layout.retry : layout.quarantine, history.setAside.ticket);
    return { kind: 'held' };
  }
  if (history.intent === undefined || history.released) {
    const accepted = history.accepted !== undefined || ticket !== undefined;
    const known = ticket === undefined ? undefined : { ...ticket, intent: history.intent };
    return { kind: 'offer', offer: { door: 'own', id, file, uid, accepted, ticket: known } };
  }
  const { intent, unknown } = await resumePickup(world, id, history.intent);
  if (unknown) {
    const fault = commitUnknown();
    const held = holdTicket({ id, submittedAs: file, uid, earlier: ticket, intent }, fault, world.now());
    await world.audit.append([
      newEntry('quarantined', { id, outcome: fault.code }, { ticket: held } satisfies EventDetails['quarantined']),
    ]);
    moveMessage(layout.work, layout.quarantine, held);
    return { kind: 'held' };
  }
  if (isDone(intent)) {
    removeMessage(layout.work, id);
    return { kind: 'finished' };
  }
  return { kind: 'handed-over', message: { id, file, uid, intent } };
}

/** Finishes the renames an intent names, records what came of them, and says what is left. */
async function resumePickup(world: RecoveryWorld, id: string, intent: Intent): Promise<{ intent: Intent; unknown: boolean }> {
  const pending = intent.copies.filter((copy) => copy.via === 'pickup' && copy.pending.length > 0);
  const { pickup } = world.config.delivery;
  if (pending.length === 0) return { intent, unknown: false };
  const outcomes: { number: number; name: string; outcome: CommitOutcome }[] = [];
  for (const { number, name, sha256 } of pending) {
    const wanted = { name, sha256, bootId: intent.bootId, marker: intent.marker };
    const outcome =
      pickup === undefined
        ? 'unknown'
        : await world.patiently(() => resumeCommit({ staging: pickup.staging, pickup: pickup.directory }, wanted, world.bootId));
    outcomes.push({ number, name, outcome });
  }
  const unknown = outcomes.some(({ outcome }) => outcome === 'unknown');
  if (pickup !== undefined && outcomes.some(({ outcome }) => outcome !== 'unknown')) {
    await world.patiently(() => {
      syncDirectory(pickup.directory);
      if (existsSync(pickup.staging)) syncDirectory(pickup.staging);
    });
  }
  const duplicate = outcomes.some(({ outcome }) => outcome === 'possible-duplicate');
  const outcome = unknown ? 'unknown' : duplicate ? 'possible-duplicate' : 'handed-to-mta';
  const detail: EventDetails['committed'] = { copies: outcomes };
  await world.audit.append([newEntry('committed', { id, outcome }, detail)]);
  return { intent: withCommitted(intent, detail) ?? intent, unknown };
}

/** In staging only copies of messages that are in `work/` without an intent; everything else there is left alone. `work/sealed` is ours. */
function removeUnrecordedCopies(
  { layout, config }: RecoveryWorld,
  isUnrecorded: (id: string) => boolean,
  own: ReadonlyMap<string, unknown>,
): void {
  const directories = [layout.sealed, ...(config.delivery.pickup === undefined ? [] : [config.delivery.pickup.staging])];
  const atRest = new Set([...inventoryOf(layout.retry).messages, ...inventoryOf(layout.quarantine).messages]);
  for (const directory of directories) {
    for (const { id, number, name } of copiesIn(directory)) {
      // Copies staged again from the sealed file are told by records of their own (daemon/restage.ts).
      if (number >= firstNumberAgain) continue;
      const nobodys = directory === layout.sealed && !own.has(id) && !atRest.has(id);
      if (isUnrecorded(id) || nobodys) removeIfThere(`${directory}/${name}`);
    }
  }
}

/** I1: a dropped original stays in the archive. */
function finishDropped(layout: SpoolLayout, id: string): void {
  for (const directory of [layout.work, layout.quarantine, layout.retry]) {
    const path = `${directory}/${id}.eml`;
    if (!existsSync(path)) continue;
    addToArchive(layout.archive, id, path);
    syncArchive(layout.archive, [id]);
    removeMessage(directory, id);
  }
}

/** A ticket without its message is what a killed move leaves. */
function sweepTickets(layout: SpoolLayout): void {
  for (const directory of [layout.retry, layout.quarantine]) {
    const { messages, tickets } = inventoryOf(directory);
    const there = new Set(messages);
    for (const id of tickets) if (!there.has(id)) removeIfThere(`${directory}/${ticketName(id)}`);
  }
}

function earliest(claimed: readonly string[], own: ReadonlyMap<string, Ticket | undefined>): Date {
  const times = [
    ...claimed.map((id) => timeOfMessageId(id).getTime()),
    ...[...own].map(([id, ticket]) => (ticket === undefined ? timeOfMessageId(id).getTime() : Date.parse(ticket.time))),
  ];
  return new Date(Math.min(Date.now(), ...times.filter((time) => !Number.isNaN(time))));
}
