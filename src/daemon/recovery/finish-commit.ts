import { existsSync } from 'node:fs';
import { type Entry, newEntry } from '../../audit/record.js';
import type { Config } from '../../config/schema.js';
import { syncDirectory } from '../../disk/durable.js';
import { type CommitOutcome, resumeCommit } from '../../spool/commit.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { moveMessage, removeMessage } from '../../spool/move.js';
import { type Intent, isDone, type RefusedRecipient, readTicket } from '../../spool/ticket.js';
import type { EventDetails } from '../events.js';
import { holdTicket, refusedFault } from '../hold.js';
import { commitUnknown } from '../worker/batch.js';
import type { HandedOver } from '../worker/context.js';
import { withCommitted } from './history.js';

export interface CommitWorld {
  readonly layout: SpoolLayout;
  readonly config: Config;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly bootId: string;
  readonly now: () => Date;
  /** Runs a step in the pickup directories, which may throw `wait` faults: waits, or throws them on. */
  readonly pickupStep: <T>(step: () => T) => Promise<T>;
}

export type Finished =
  | { readonly kind: 'held' }
  | { readonly kind: 'finished' }
  /** Copies on other ways are left. */
  | { readonly kind: 'handed-over'; readonly message: HandedOver };

/**
 * Takes a message in `work/` with a recorded intent as far as pickup goes: renames that have not happened happen now, what came of them is
 * recorded, and the message is finished, held, or has copies left for other ways. Can be killed anywhere and run again (I2).
 */
export async function finishCommit(world: CommitWorld, message: HandedOver): Promise<Finished> {
  const { layout } = world;
  const { id, file, uid, refused = [] } = message;
  const { intent, unknown } = await resumePickup(world, id, message.intent);
  const done = isDone(intent);
  if (unknown || (done && refused.length > 0)) {
    await hold(world, { id, file, uid, intent }, refused, unknown);
    return { kind: 'held' };
  }
  if (!done) return { kind: 'handed-over', message: { ...message, intent } };
  removeMessage(layout.work, id);
  return { kind: 'finished' };
}

async function hold(
  { layout, audit, now }: CommitWorld,
  { id, file, uid, intent }: HandedOver,
  refused: readonly RefusedRecipient[],
  unknown: boolean,
): Promise<void> {
  const fault = unknown ? commitUnknown() : refusedFault(refused);
  const facts = { id, submittedAs: file, uid, earlier: readTicket(layout.work, id), intent };
  const held = { ...holdTicket(facts, fault, now()), ...(refused.length > 0 ? { refused } : {}) };
  await audit.append([newEntry('quarantined', { id, outcome: fault.code }, { ticket: held } satisfies EventDetails['quarantined'])]);
  moveMessage(layout.work, layout.quarantine, held);
}

/** Finishes the renames an intent names, records what came of them, and says what is left. */
async function resumePickup(world: CommitWorld, id: string, intent: Intent): Promise<{ intent: Intent; unknown: boolean }> {
  const pending = intent.copies.filter((copy) => copy.via === 'pickup' && copy.pending.length > 0);
  const { pickup } = world.config.delivery;
  if (pending.length === 0) return { intent, unknown: false };
  const outcomes: { number: number; name: string; outcome: CommitOutcome }[] = [];
  for (const { number, name, sha256 } of pending) {
    const wanted = { name, sha256, bootId: intent.bootId, marker: intent.marker };
    const outcome =
      pickup === undefined
        ? 'unknown'
        : await world.pickupStep(() => resumeCommit({ staging: pickup.staging, pickup: pickup.directory }, wanted, world.bootId));
    outcomes.push({ number, name, outcome });
  }
  const unknown = outcomes.some(({ outcome }) => outcome === 'unknown');
  if (pickup !== undefined && outcomes.some(({ outcome }) => outcome !== 'unknown')) {
    await world.pickupStep(() => {
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
