import { IdSet } from '../../id-set.js';
import type { KeptMessage } from '../../policy/retention/message.js';
import { type MessageQuery, matchesQuery } from '../../policy/retention/query.js';
import { type Keeping, keepingOf, type RetentionRule, ruleWords } from '../../policy/retention/rules.js';
import type { Hold } from './holds.js';
import { keptMessages } from './kept-messages.js';
import type { SegmentSummary } from './trail-summary.js';
import type { WaitingSegments } from './waiting-segments.js';

/** What is to be destroyed: all that is past its retention, or what somebody asked for. */
export type Wanted =
  | { readonly kind: 'purge' }
  | { readonly kind: 'erase'; readonly query: MessageQuery; readonly despiteRetention: boolean };

export interface SelectionWorld {
  readonly audit: string;
  readonly trail: readonly SegmentSummary[];
  readonly rules: readonly RetentionRule[] | null;
  readonly holds: readonly Hold[];
  readonly nowMs: number;
  /** Messages in work, retry or quarantine: they are not touched. */
  readonly isUnderWay: (id: string) => boolean;
  /** Recorded as destroyed before. */
  readonly isRecorded: (id: string) => boolean;
  /** What an earlier look has shown not to be due yet. */
  readonly waiting?: WaitingSegments | undefined;
  readonly progress?: ((segments: number) => void) | undefined;
}

export interface Selection {
  /** May be destroyed; `startMs` and `rule` (in `ruleNames`) in the same order. */
  readonly ids: IdSet;
  readonly startMs: readonly number[];
  readonly rule: readonly number[];
  readonly ruleNames: readonly string[];
  /** How many would be among them, were it not for this hold. A message may be under several. */
  readonly held: ReadonlyMap<string, number>;
  readonly heldCount: number;
  /** Asked for, and kept by a rule of retention (in words). */
  readonly retained: ReadonlyMap<string, number>;
  readonly retainedCount: number;
  readonly underWay: readonly string[];
  readonly unreadable: readonly string[];
  /** Asked for by address: these have other recipients too, and the whole message goes. */
  readonly shared: number;
}

/** Looks through the trail for what may be destroyed. Memory: about 50 octets for each message that is found, none for others. */
export function selectMessages(world: SelectionWorld, wanted: Wanted): Selection {
  const { audit, trail, rules, holds, nowMs, isUnderWay, isRecorded } = world;
  const ids = new IdSet();
  const seen = new IdSet();
  const startMs: number[] = [];
  const rule: number[] = [];
  const ruleNames: string[] = [];
  const held = new Map<string, number>();
  const retained = new Map<string, number>();
  let [heldCount, retainedCount, shared] = [0, 0, 0];
  const underWay = new Set<string>();
  const unreadable = new Set<string>();
  const startOf = new Map(trail.flatMap(({ late }) => late));

  const look = (message: KeptMessage, keeping: Keeping): void => {
    const { id } = message;
    const due = keeping.untilMs <= nowMs;
    if (wanted.kind === 'purge' ? !due : !matchesQuery(wanted.query, message, false)) return;
    // A message that was sealed again under its plan has an intent for each time.
    if (isRecorded(id) || !seen.add(id)) return;
    if (isUnderWay(id)) {
      underWay.add(id);
      return;
    }
    const holding = holds.filter(({ query }) => matchesQuery(query, message, true));
    for (const { hold } of holding) held.set(hold, (held.get(hold) ?? 0) + 1);
    if (holding.length > 0) {
      heldCount++;
      return;
    }
    const name = keeping.rule === undefined ? 'no rule of retention' : ruleWords(keeping.rule);
    if (wanted.kind === 'erase' && !due && keeping.rule !== undefined && !wanted.despiteRetention) {
      retained.set(name, (retained.get(name) ?? 0) + 1);
      retainedCount++;
      return;
    }
    if (wanted.kind === 'erase' && isShared(wanted.query, message)) shared++;
    if (!ruleNames.includes(name)) ruleNames.push(name);
    ids.add(id);
    startMs.push(message.startMs);
    rule.push(ruleNames.indexOf(name));
  };

  trail.forEach((summary, index) => {
    world.progress?.(index);
    if (summary.firstArchivedMs === Number.POSITIVE_INFINITY) return;
    if (wanted.kind === 'purge' && (rules === null || summary.firstArchivedMs > nowMs || world.waiting?.isWaiting(summary, nowMs) === true))
      return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const found of keptMessages(audit, summary.segment, startOf)) {
      if (found.kind === 'unreadable') {
        if (wanted.kind === 'purge' || wanted.query.ids?.includes(found.id) === true) unreadable.add(found.id);
        nextMs = Number.NEGATIVE_INFINITY;
        continue;
      }
      const keeping = keepingOf(rules ?? [], found.message);
      nextMs = Math.min(nextMs, keeping.untilMs);
      look(found.message, keeping);
    }
    if (wanted.kind === 'purge') world.waiting?.found(summary, nextMs);
  });
  // What is held in the queue has often no intent yet, and is named all the same.
  if (wanted.kind === 'erase') for (const id of wanted.query.ids ?? []) if (isUnderWay(id)) underWay.add(id);
  return {
    ids,
    startMs,
    rule,
    ruleNames,
    held,
    heldCount,
    retained,
    retainedCount,
    underWay: [...underWay],
    unreadable: [...unreadable],
    shared,
  };
}

/** Somebody else wrote or received it too. */
function isShared({ recipients, addresses, domains }: MessageQuery, { envelope }: KeptMessage): boolean {
  if (recipients === undefined && addresses === undefined && domains === undefined) return false;
  return (envelope?.recipients.length ?? 0) > 1;
}
