import { isMessageId } from '../../message-id.js';
import type { IndexedRecord } from './chain-reader.js';
import { octetsOf } from './columns.js';
import type { IndexDatabase, IndexStatement } from './database.js';
import { type Facts, learn, noFacts } from './facts.js';
import type { HeadFacts } from './head.js';
import { firstNumberOf, idOctets, idOf } from './number.js';
import { isGone, type State, stateAfter, states } from './state.js';
import type { Tables } from './tables.js';

/** Events whose details are read. */
export const wantedEvents: ReadonlySet<string> = new Set([
  'accepted',
  'intent',
  'restaged',
  'deferred',
  'quarantined',
  'dropped',
  'handed-over',
]);

/** A message as the records of a batch have changed it. */
interface Draft {
  readonly number: number;
  readonly id: string;
  readonly isNew: boolean;
  state: State;
  readonly stateBefore: State | undefined;
  /** Loaded when a record tells something new. */
  facts: Facts | undefined;
  /** Its personal data goes. */
  erase: boolean;
}

/**
 * Gathers what many records say about their messages, so that each message is written once a batch, and most only once: their records
 * lie close together.
 */
export class Batch {
  private readonly drafts = new Map<string, Draft>();
  private readonly taken = new Set<number>();
  private readonly select: IndexStatement;
  private readonly tables: Tables;
  private readonly head: (path: string) => HeadFacts | undefined;

  constructor(database: IndexDatabase, tables: Tables, head: (path: string) => HeadFacts | undefined) {
    this.select = database.prepare('select id, state from message where n=?');
    this.tables = tables;
    this.head = head;
  }

  /** Messages that are to be written. */
  get size(): number {
    return this.drafts.size;
  }

  take({ event, id, outcome, detail }: IndexedRecord): void {
    for (const each of id === undefined ? idsIn(event, detail) : [id]) {
      if (!isMessageId(each)) continue;
      const draft = this.draftOf(each);
      const state = stateAfter(event, outcome, draft.state);
      if (detail !== undefined && event !== 'handed-over' && !isGone(draft.state)) {
        draft.facts ??= this.tables.factsOf(draft.number) ?? noFacts();
        learn(draft.facts, event, detail, this.head);
      }
      draft.state = state ?? draft.state;
      if (isGone(draft.state)) {
        draft.facts = undefined;
        draft.erase = true;
      }
    }
  }

  write(): void {
    for (const { number, id, isNew, state, stateBefore, facts, erase } of this.drafts.values()) {
      if (isNew) this.tables.add(number, idOctets(id), state, facts ?? noFacts(), erase);
      else if (erase) this.tables.erase(number, state);
      else if (facts !== undefined) this.tables.replace(number, state, facts);
      else if (state !== stateBefore) this.tables.setState(number, state);
    }
    this.drafts.clear();
    this.taken.clear();
  }

  private draftOf(id: string): Draft {
    const known = this.drafts.get(id);
    if (known !== undefined) return known;
    const found = this.numberOf(id);
    const stateBefore = found.state;
    const draft: Draft = {
      number: found.number,
      id,
      isNew: stateBefore === undefined,
      state: stateBefore ?? 'under-way',
      stateBefore,
      facts: undefined,
      erase: false,
    };
    this.drafts.set(id, draft);
    this.taken.add(draft.number);
    return draft;
  }

  /** The message's own number, or the one it gets: the first from its own on that is free. A row is never removed, so none is missed. */
  private numberOf(id: string): { number: number; state: State | undefined } {
    for (let number = firstNumberOf(id); ; number++) {
      if (this.taken.has(number)) continue;
      const row = this.select.get([number]);
      if (row === undefined) return { number, state: undefined };
      if (idOf(octetsOf(row.id)) === id) return { number, state: knownState(this.tables.wordOf(row.state as number)) };
    }
  }
}

function knownState(word: string | undefined): State {
  return states.find((each) => each === word) ?? 'unknown';
}

/** `handed-over` names many messages, apart from those of which a copy was rejected. */
function idsIn(event: string, detail: unknown): readonly string[] {
  if (event !== 'handed-over' || typeof detail !== 'object' || detail === null) return [];
  const { ids, apartFrom } = detail as { ids?: unknown; apartFrom?: unknown };
  const apart = new Set(Array.isArray(apartFrom) ? apartFrom.map((each: { id?: unknown } | null) => each?.id) : []);
  return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string' && !apart.has(id)) : [];
}
