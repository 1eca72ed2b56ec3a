import { addOne } from '../../archive/add-one.js';
import type { EntryWriter } from '../../archive/entry-writer.js';
import { type Entry, newEntry } from '../../audit/record.js';
import { SealdropError } from '../../errors.js';
import { isMessageId } from '../../message-id.js';
import type { Plan } from '../../policy/plan.js';
import { inventoryOf } from '../../spool/inventory.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { moveMessage, removeMessage, removeSealed } from '../../spool/move.js';
import { type Intent, readTicket, type Ticket } from '../../spool/ticket.js';
import type { EventDetails } from '../events.js';
import type { Offer } from '../protocol.js';
import type { HandedOver } from '../worker/context.js';
import { actOnCopy, isCopyId } from './copy-actions.js';

export interface QueueWorld {
  readonly layout: SpoolLayout;
  readonly archive: EntryWriter;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly now: () => Date;
}

export type QueueAction = 'retry' | 'release' | 'drop';

/** What is to be done next with a message that is in `work/` again. */
export type Requeued = { readonly offer: Offer } | { readonly handOver: HandedOver } | { readonly restage: true } | undefined;

/**
 * A person's decision about a message in retry or quarantine. It is recorded, with who made it, before it is carried out; killed in
 * between, the message stays where it is listed, and the person decides again: the last decision counts. Needs the spool's lock, or runs
 * inside the daemon that has it.
 */
export async function actOnQueue(world: QueueWorld, action: QueueAction, id: string, by: number): Promise<Requeued> {
  if (isCopyId(id)) return actOnCopy(world, action, id, by);
  const found = find(world.layout, id);
  switch (action) {
    case 'retry':
      return requeue(world, found, by);
    case 'release':
      return release(world, found, by);
    case 'drop':
      await drop(world, found, by);
      return undefined;
  }
}

interface Found {
  readonly place: 'retry' | 'quarantine';
  readonly directory: string;
  readonly ticket: Ticket;
}

function find(layout: SpoolLayout, id: string): Found {
  if (!isMessageId(id))
    throw new SealdropError('no-such-message', `${id} is not a message id`, {
      disposition: 'quarantine',
      cure: 'List ids with `sealdrop queue list`.',
    });
  for (const place of ['quarantine', 'retry'] as const) {
    const directory = layout[place];
    if (!inventoryOf(directory).messages.includes(id)) continue;
    return { place, directory, ticket: readTicket(directory, id) ?? lostTicket(id) };
  }
  throw new SealdropError('no-such-message', `there is no message ${id} in retry or quarantine`, {
    disposition: 'quarantine',
    cure: 'List what is there with `sealdrop queue list`.',
  });
}

async function requeue(world: QueueWorld, { place, directory, ticket }: Found, by: number): Promise<Requeued> {
  if (place === 'quarantine' && hasPending(ticket.intent, 'pickup')) {
    throw new SealdropError(
      'needs-release',
      `whether the MTA has message ${ticket.id} already cannot be told, so it is not simply tried again`,
      {
        disposition: 'quarantine',
        cure: 'Look for it in the MTA’s accounting, then `sealdrop queue release` to send the copies in question, or `sealdrop queue drop`.',
      },
    );
  }
  // Held for a person, who retries, and means the refused recipients too. What waits for its next attempt waits for the deferred ones.
  const offersRefused = place === 'quarantine';
  const again: Ticket = {
    ...ticket,
    time: world.now().toISOString(),
    nextAttempt: undefined,
    refused: offersRefused ? undefined : ticket.refused,
    intent: offersRefused ? withRefused(ticket) : ticket.intent,
  };
  await world.audit.append([newEntry('requeued', { id: ticket.id }, { from: place, by, ticket: again })]);
  moveMessage(directory, world.layout.work, again);
  return next(again);
}

async function release(world: QueueWorld, { directory, ticket }: Found, by: number): Promise<Requeued> {
  if (!hasPending(ticket.intent, 'pickup')) {
    throw new SealdropError('nothing-to-release', `message ${ticket.id} has no copy whose outcome is unknown`, {
      disposition: 'quarantine',
      cure: 'Use `sealdrop queue retry`.',
    });
  }
  const again: Ticket = { ...ticket, time: world.now().toISOString() };
  await world.audit.append([newEntry('released', { id: ticket.id }, { by, ticket: again })]);
  moveMessage(directory, world.layout.work, again);
  return { offer: { door: 'own', id: ticket.id, file: ticket.file, uid: ticket.uid, accepted: true, ticket: again } };
}

/** I1: the original goes into the archive, whatever else becomes of it. */
async function drop({ layout, archive, audit }: QueueWorld, { directory, ticket: { id, intent } }: Found, by: number): Promise<void> {
  const entry = await addOne(archive, id, `${directory}/${id}.eml`);
  await audit.append([newEntry('dropped', { id }, { ...entry, by } satisfies EventDetails['dropped'])]);
  removeSealed(layout, intent?.copies ?? []);
  removeMessage(directory, id);
}

function next(ticket: Ticket): Requeued {
  const { id, file, uid, intent, refused } = ticket;
  if (intent === undefined) return { offer: { door: 'own', id, file, uid, accepted: true, ticket } };
  return { handOver: { id, file, uid, intent, refused } };
}

/** The refused recipients are pending again. */
function withRefused({ intent, refused }: Ticket): Intent | undefined {
  if (intent === undefined || refused === undefined) return intent;
  const plan = intent.plan as Plan;
  const again = new Set(refused.map(({ address }) => address));
  return {
    ...intent,
    copies: intent.copies.map((copy) => {
      const recipients = plan.copies.find(({ number }) => number === copy.planned)?.recipients ?? [];
      return { ...copy, pending: recipients.filter((address) => copy.pending.includes(address) || again.has(address)) };
    }),
  };
}

function hasPending(intent: Intent | undefined, via: string): boolean {
  return intent?.copies.some((copy) => copy.via === via && copy.pending.length > 0) ?? false;
}

/** The ticket beside it was lost or damaged: what is left is the message. */
function lostTicket(id: string): Ticket {
  return {
    version: 1,
    id,
    file: `${id}.eml`,
    uid: process.getuid?.() ?? 0,
    time: new Date(0).toISOString(),
    code: 'ticket-lost',
    message: 'the note beside this message is missing',
    cure: 'Look the message up with `sealdrop audit list`.',
    attempts: 0,
  };
}
