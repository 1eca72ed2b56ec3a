import { type Entry, newEntry } from '../../audit/record.js';
import { SealdropError } from '../../errors.js';
import type { MessageQuery } from '../../policy/retention/query.js';
import type { RetentionRule } from '../../policy/retention/rules.js';
import type { EventDetails } from '../events.js';
import { clockFault } from './clock.js';
import { type Destroyed, finishDestroying, unfinishedIn } from './destroying.js';
import { holdsIn } from './holds.js';
import type { Operator } from './operator.js';
import type { RetentionPlaces } from './places.js';
import { type Selection, selectMessages, type Wanted } from './selection.js';
import { summaries } from './trail-summary.js';
import { idsUnderWay, underWayNow } from './under-way.js';
import { WaitingSegments } from './waiting-segments.js';

export type DestroyRequest = {
  readonly by: Operator;
  /** How many a person expects to be destroyed; null: the schedule asks for no number. */
  readonly confirm: number | null;
  readonly confirmClock: boolean;
} & (
  | { readonly kind: 'purge' }
  | { readonly kind: 'erase'; readonly query: MessageQuery; readonly basis: string; readonly despiteRetention: boolean }
);

export interface RetentionOptions {
  readonly places: RetentionPlaces;
  readonly rules: readonly RetentionRule[] | null;
  readonly maxClockStepMs: number;
}

/** The chain, as far as destroying needs it. */
export interface ChainPort {
  /** Grows with every hold that is placed or released; all records of the number given are durable. */
  holdsVersion(): Promise<number>;
  /** Durable on return. False, and nothing is appended, if holds have changed since `version`. */
  append(entries: readonly Entry[], version: number): Promise<boolean>;
  roll(): Promise<void>;
}

export interface DestroyReport {
  readonly recorded: number;
  readonly destroyed: Destroyed;
  readonly held: number;
  readonly retained: number;
  readonly underWay: readonly string[];
  readonly unreadable: readonly string[];
}

/** `unfinished`: recorded as destroyed before, and some of it is still there; the next purge, or start of the daemon, sees to it. */
export type Preview = Selection & { readonly unfinished: number };

const recordsAtOnce = 500;

/** What would be destroyed now. Reads only. */
export function preview({ places, rules }: RetentionOptions, wanted: Wanted, now: Date, progress?: (done: string) => void): Preview {
  const { layout, audit } = places;
  const trail = summaries(audit, places.cache);
  const underWay = idsUnderWay(layout);
  const unfinished = unfinishedIn(places);
  const waiting = wanted.kind === 'purge' && rules !== null ? new WaitingSegments(audit, places.waiting, rules) : undefined;
  const selection = selectMessages(
    {
      audit,
      trail,
      rules,
      holds: holdsIn(audit, trail),
      nowMs: now.getTime(),
      isUnderWay: (id) => underWay.has(id),
      isRecorded: (id) => unfinished.has(id),
      waiting,
      progress: (segments) => progress?.(`${segments} of ${trail.length} segments read`),
    },
    wanted,
  );
  waiting?.save();
  return { ...selection, unfinished: unfinished.size };
}

/**
 * Destroys for good what is past its retention, or what was asked for: first a record for each message, durable; then files and details.
 * What an earlier run has recorded and not destroyed is destroyed before. A hold that is placed meanwhile counts from when it is durable.
 */
export async function destroy(
  options: RetentionOptions,
  chain: ChainPort,
  request: DestroyRequest,
  now: () => Date,
  progress: (done: string) => void = () => {},
): Promise<DestroyReport> {
  const { places } = options;
  const finish = () => finishDestroying({ places, now, roll: () => chain.roll(), progress });
  const earlier = await finish();
  await trustClock(options, chain, request, now());
  const wanted: Wanted = request.kind === 'purge' ? { kind: 'purge' } : request;
  let version = await chain.holdsVersion();
  let selection = preview(options, wanted, now(), progress);
  if (request.confirm !== null && request.confirm !== selection.ids.size) throw mismatch(request.confirm, selection.ids.size);
  const all = selection;
  let recorded = 0;
  for (let start = 0; start < all.ids.size; start += recordsAtOnce) {
    for (;;) {
      const entries = entriesOf(options, request, all, start, (id) => selection.ids.has(id));
      if (await chain.append(entries, version)) {
        recorded += entries.length;
        break;
      }
      version = await chain.holdsVersion();
      selection = preview(options, wanted, now());
    }
    progress(`${recorded} of ${all.ids.size} messages recorded`);
  }
  const later = await finish();
  const { heldCount: held, retainedCount: retained, underWay, unreadable } = selection;
  return { recorded, destroyed: sum(earlier, later), held, retained, underWay, unreadable };
}

async function trustClock({ places, maxClockStepMs }: RetentionOptions, chain: ChainPort, { by, confirmClock }: DestroyRequest, now: Date) {
  const fault = clockFault(summaries(places.audit, places.cache), now.getTime(), maxClockStepMs);
  if (fault === undefined) return;
  if (!confirmClock) throw fault;
  const detail: EventDetails['clock-confirmed'] = { fault: fault.message, by };
  for (;;) if (await chain.append([newEntry('clock-confirmed', {}, detail)], await chain.holdsVersion())) return;
}

function entriesOf(
  { places }: RetentionOptions,
  request: DestroyRequest,
  { ids, startMs, rule, ruleNames }: Selection,
  start: number,
  stillWanted: (id: string) => boolean,
): Entry[] {
  const entries: Entry[] = [];
  const isUnderWay = underWayNow(places.layout);
  for (let index = start; index < Math.min(ids.size, start + recordsAtOnce); index++) {
    const id = ids.at(index);
    if (!stillWanted(id) || isUnderWay(id)) continue;
    const name = ruleNames[rule[index] ?? 0] ?? '';
    const accepted = new Date(startMs[index] ?? 0).toISOString();
    const { by } = request;
    if (request.kind === 'purge') {
      const purged: EventDetails['purged'] = { rule: name, accepted, basis: 'retention', by };
      entries.push(newEntry('purged', { id }, purged));
    } else {
      const erased: EventDetails['erased'] = { rule: name, accepted, basis: request.basis, despiteRetention: request.despiteRetention, by };
      entries.push(newEntry('erased', { id }, erased));
    }
  }
  return entries;
}

function sum(a: Destroyed, b: Destroyed): Destroyed {
  return { messages: a.messages + b.messages, files: a.files + b.files, detailLines: a.detailLines + b.detailLines };
}

function mismatch(confirmed: number, found: number): SealdropError {
  return new SealdropError('count-differs', `nothing is destroyed: ${confirmed} messages were confirmed, and it would be ${found} now`, {
    disposition: 'quarantine',
    cure: 'Look again without --confirm what it would be, then confirm that number.',
  });
}
