import { existsSync, statSync } from 'node:fs';
import { addOne } from '../../archive/add-one.js';
import type { EntryWriter } from '../../archive/entry-writer.js';
import { removeUnrecorded } from '../../archive/unrecorded.js';
import { type TrailRecord, trailOf } from '../../audit/trail.js';
import { removeIfThere } from '../../disk/durable.js';
import { isWait, SealdropError } from '../../errors.js';
import { timeOfMessageId } from '../../message-id.js';
import { claimedFiles, copiesIn, inventoryOf } from '../../spool/inventory.js';
import { firstNumberAgain, type SpoolLayout } from '../../spool/layout.js';
import { moveMessage, removeMessage } from '../../spool/move.js';
import { sweepRefused } from '../../spool/refused-copy.js';
import { readTicket, type Ticket, ticketName } from '../../spool/ticket.js';
import { holdTicket } from '../hold.js';
import type { Offer } from '../protocol.js';
import type { HandedOver } from '../worker/context.js';
import { type CommitWorld, type Finished, finishCommit } from './finish-commit.js';
import { type History, historyOf } from './history.js';

export interface RecoveryWorld extends CommitWorld {
  readonly archive: EntryWriter;
  /** Repeats a step in the spool while it throws `wait` faults. */
  readonly patiently: <T>(step: () => T) => Promise<T>;
  /** The same for steps in the archive. */
  readonly archivePatiently: <T>(step: () => T | Promise<T>) => Promise<T>;
}

export interface Recovered {
  /** To be offered to the workers before anything else. */
  readonly offers: readonly Offer[];
  readonly handedOver: readonly HandedOver[];
  /** Pickup does not work, and there is a fallback for new mail: these have copies whose intent names pickup. */
  readonly late: readonly HandedOver[];
  /** Ids of which sealed copies without an intent may lie in a staging directory that could not be looked at. */
  readonly unswept: ReadonlySet<string>;
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
  const late: HandedOver[] = [];
  const summary = { resumed: 0, held: 0, finished: 0 };

  // The entries first: while our copy is there, whoever verifies the archive knows why one has no record.
  const isArchived = (id: string) => own.get(id)?.intent !== undefined || (trail.get(id) ?? []).some(saysArchived);
  const unarchived = new Set([...claimed.keys(), ...own.keys()].filter((id) => !isArchived(id)));
  await world.archivePatiently(() => removeUnrecorded(world.archive.settings, unarchived));

  const takenAgain = new Set<string>();
  for (const [id, name] of claimed) {
    const accepted = (trail.get(id) ?? []).some((record) => record.event === 'accepted');
    if (accepted) {
      removeIfThere(Buffer.concat([Buffer.from(`${layout.claimed}/`), Buffer.from(name, 'latin1')]));
      continue;
    }
    // Never acknowledged: our copy may be partial. The submitter's own file is here, and is taken again.
    removeIfThere(`${layout.work}/${id}.eml`);
    own.delete(id);
    takenAgain.add(id);
    offers.push({ door: 'claimed', name });
  }

  const withIntent = new Set<string>();
  for (const [id, ticket] of own) {
    const history = historyOf(ticket, trail.get(id) ?? []);
    if (history.intent !== undefined && !history.released) withIntent.add(id);
  }
  const isUnrecorded = (id: string) => takenAgain.has(id) || (own.has(id) && !withIntent.has(id));
  const swept = await removeUnrecordedCopies(world, isUnrecorded, own);

  for (const [id, ticket] of own) {
    const history = historyOf(ticket, trail.get(id) ?? []);
    const next = await recoverOne(world, id, ticket, history);
    if (next.kind === 'offer') offers.push(next.offer);
    if (next.kind === 'handed-over') handedOver.push(next.message);
    if (next.kind === 'late') late.push(next.message);
    if (next.kind !== 'offer') summary[next.kind === 'held' ? 'held' : next.kind === 'finished' ? 'finished' : 'resumed']++;
  }
  for (const id of tickets) if (!own.has(id)) removeIfThere(`${layout.work}/${ticketName(id)}`);
  sweepTickets(layout);
  for (const directory of [layout.refused, layout.again]) sweepRefused(directory);
  const unswept = swept ? new Set<string>() : new Set([...takenAgain, ...own.keys()].filter(isUnrecorded));
  return { offers, handedOver, late, unswept, summary: { ...summary, resumed: summary.resumed + offers.length } };
}

type Next = Finished | { readonly kind: 'offer'; readonly offer: Offer } | { readonly kind: 'late'; readonly message: HandedOver };

async function recoverOne(world: RecoveryWorld, id: string, ticket: Ticket | undefined, history: History): Promise<Next> {
  const { layout } = world;
  const file = ticket?.file ?? history.accepted?.file ?? `${id}.eml`;
  const uid = ticket?.uid ?? history.accepted?.uid ?? statSync(`${layout.work}/${id}.eml`).uid;
  if (history.destroyed) {
    moveMessage(
      layout.work,
      layout.quarantine,
      holdTicket({ id, submittedAs: file, uid, earlier: ticket, intent: undefined }, cameBack(id), world.now()),
    );
    return { kind: 'held' };
  }
  if (history.dropped) {
    await world.archivePatiently(() => finishDropped(layout, world.archive, id));
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
  const message: HandedOver = { id, file, uid, intent: history.intent, refused: history.refused };
  try {
    return await finishCommit(world, message);
  } catch (error) {
    // Mail goes by another way meanwhile; this copy stays with its way.
    if (!isWait(error) || world.config.delivery.fallback === undefined) throw error;
    return { kind: 'late', message };
  }
}

/**
 * In staging only copies of messages that are in `work/` without an intent, or that have come to their end: a kill while staging was away left
 * those, and the message went by another way since. Everything else there is left alone: another spool may use it. `work/sealed` is ours.
 * False when staging could not be looked at and mail has a fallback meanwhile.
 */
async function removeUnrecordedCopies(
  world: RecoveryWorld,
  isUnrecorded: (id: string) => boolean,
  own: ReadonlyMap<string, unknown>,
): Promise<boolean> {
  const { layout, config, patiently, pickupStep } = world;
  const atRest = new Set([...inventoryOf(layout.retry).messages, ...inventoryOf(layout.quarantine).messages]);
  await patiently(() => removeCopies(layout.sealed, (id) => isUnrecorded(id) || (!own.has(id) && !atRest.has(id))));
  const { pickup, fallback } = config.delivery;
  if (pickup === undefined) return true;
  try {
    await pickupStep(() => {
      const ended = endedIn(layout, pickup.staging, (id) => own.has(id) || atRest.has(id));
      removeCopies(pickup.staging, (id) => isUnrecorded(id) || ended.has(id));
    });
    return true;
  } catch (error) {
    if (!isWait(error) || fallback === undefined) throw error;
    return false;
  }
}

/** Messages that have copies in `directory`, were accepted here, and are under way no more. */
function endedIn(layout: SpoolLayout, directory: string, isUnderWay: (id: string) => boolean): ReadonlySet<string> {
  const others = new Set(copiesIn(directory).flatMap(({ id }) => (isUnderWay(id) ? [] : [id])));
  const firstMs = Math.min(...[...others].map((id) => timeOfMessageId(id).getTime()));
  return new Set(trailOf(layout.audit, others, new Date(firstMs)).keys());
}

/** Removes the sealed copies in `directory` that are left over. */
export function removeCopies(directory: string, isLeftOver: (id: string) => boolean): void {
  for (const { id, number, name } of copiesIn(directory)) {
    // Copies staged again from the sealed file are told by records of their own (daemon/pickup/restage.ts).
    if (number < firstNumberAgain && isLeftOver(id)) removeIfThere(`${directory}/${name}`);
  }
}

/** No purge touches what is under way, so somebody has put it back. What it was sealed to is not known any more. */
function cameBack(id: string): SealdropError {
  return new SealdropError('destroyed-came-back', `message ${id} was purged or erased, and lies in work again`, {
    disposition: 'quarantine',
    cure: 'Somebody put it there, perhaps from a backup. `sealdrop queue drop` moves it to the archive, `sealdrop queue retry` sends it as a new message.',
  });
}

/** I1: a dropped original stays in the archive. */
async function finishDropped(layout: SpoolLayout, archive: EntryWriter, id: string): Promise<void> {
  for (const directory of [layout.work, layout.quarantine, layout.retry]) {
    const path = `${directory}/${id}.eml`;
    if (!existsSync(path)) continue;
    await addOne(archive, id, path);
    removeMessage(directory, id);
  }
}

function saysArchived({ event }: TrailRecord): boolean {
  return event === 'intent' || event === 'dropped';
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
