import { readFileSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { type ChainPosition, idsBetween } from '../../audit/follow.js';
import { type Entry, newEntry } from '../../audit/record.js';
import { removeIfThere, rename } from '../../disk/durable.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { writeTogether } from '../../disk/file-group.js';
import { parseCopyName } from '../../spool/layout.js';
import type { EventDetails } from '../events.js';

export interface SettlingWorld {
  readonly auditDirectory: string;
  readonly audit: { append(entries: readonly Entry[]): Promise<void>; readonly end: ChainPosition | undefined };
  readonly stateFile: string;
  readonly pickup: string;
  readonly settleMs: number;
  /** Told how many messages the MTA has taken. */
  readonly handedOver: (count: number) => void;
}

/** Messages whose commits were read together, all absent from pickup since then; the others are lingering. */
interface Batch {
  readonly from: ChainPosition;
  readonly ids: readonly string[];
  readonly absentSinceMs: number;
}

interface Lingering {
  /** The listing it was last seen in. */
  seen: number;
  absentSinceMs: number | undefined;
}

interface SavedState {
  readonly version: 1;
  readonly at: ChainPosition;
  readonly lingering: readonly string[];
}

/** Messages known at one time; what was committed beyond that is read from the chain when there is room. */
const maxOpen = 100_000;
const idsPerRecord = 500;
const committedLine = /"event":"committed","id":"([0-9a-f-]{36})","outcome":"(?:handed-to-mta|possible-duplicate)"/;

/**
 * Finds out what the MTA has taken: a committed message whose files have been in neither the pickup nor the bad directory for `settleMs`.
 * What was committed is read from the audit chain, behind the work and at its own pace, so that the work knows nothing of it, memory does
 * not grow with what is open, and a restart needs only the place in the chain that everything before is settled, and the few that linger.
 * Killed: what was settled in the last `settleMs` may be recorded twice, which says the same again.
 */
export class Settling {
  private readonly world: SettlingWorld;
  private next: ChainPosition | undefined;
  private batches: Batch[] = [];
  /** Absent from every listing since their batch was read. */
  private readonly absent = new Set<string>();
  /** Seen in pickup. */
  private readonly lingering = new Map<string, Lingering>();
  private readonly rejected = new Map<string, ReadonlySet<number>>();
  private listings = 0;
  private saved = '';

  constructor(world: SettlingWorld) {
    this.world = world;
  }

  /** At the start, after the first append. What was committed before there was a state is not looked for. */
  async load(): Promise<void> {
    const state = readState(this.world.stateFile);
    this.next = state?.at ?? this.world.audit.end;
    for (const id of state?.lingering ?? []) this.lingering.set(id, { seen: 0, absentSinceMs: undefined });
    if (state === undefined) await this.save();
  }

  /** True when there is nothing to find out: no listing is needed. */
  get idle(): boolean {
    const { end } = this.world.audit;
    const upToDate = this.next?.segment === end?.segment && this.next?.offset === end?.offset;
    return upToDate && this.absent.size === 0 && this.lingering.size === 0;
  }

  /** Reads what was committed since the last time, and who of all that is open stands in pickup now. Resolves with the time of that. */
  async look(now: () => number): Promise<number> {
    const from = this.next;
    const ids = await this.readCommits();
    const added = ids.filter((id) => !this.lingering.has(id) && !this.absent.has(id));
    for (const id of added) this.absent.add(id);
    this.listings++;
    const listedMs = now();
    try {
      if (this.absent.size + this.lingering.size > 0) await this.listPickup();
    } catch (error) {
      // What was read belongs to no batch: without a listing nobody knows since when it is absent. It is read again.
      for (const id of added) this.absent.delete(id);
      this.next = from;
      throw error;
    }
    for (const lingering of this.lingering.values()) {
      if (lingering.seen === this.listings) lingering.absentSinceMs = undefined;
      else lingering.absentSinceMs ??= listedMs;
    }
    if (from !== undefined && ids.length > 0) this.batches.push({ from, ids, absentSinceMs: listedMs });
    return listedMs;
  }

  /**
   * Copy `number` of `of` that were committed together is in the bad directory: what is recorded of its message is said of the others
   * only, and nothing if there is no other.
   */
  reject(id: string, number: number, of: number): void {
    if (!this.absent.has(id) && !this.lingering.has(id)) return;
    const numbers = new Set(this.rejected.get(id)).add(number);
    this.rejected.set(id, numbers);
    if (numbers.size < of) return;
    this.absent.delete(id);
    this.lingering.delete(id);
    this.rejected.delete(id);
  }

  /** Records who has been absent for long enough at `listedMs`; call it only when the bad directory was listed since and all of it taken. */
  async settle(listedMs: number): Promise<void> {
    const { audit, settleMs, handedOver } = this.world;
    const settled: string[] = [];
    while (this.batches[0] !== undefined && this.batches[0].absentSinceMs + settleMs <= listedMs) {
      for (const id of this.batches.shift()?.ids ?? []) if (this.absent.delete(id)) settled.push(id);
    }
    for (const [id, { absentSinceMs }] of this.lingering) {
      if (absentSinceMs === undefined || absentSinceMs + settleMs > listedMs) continue;
      this.lingering.delete(id);
      settled.push(id);
    }
    const entries: Entry[] = [];
    for (let start = 0; start < settled.length; start += idsPerRecord)
      entries.push(this.recordOf(settled.slice(start, start + idsPerRecord)));
    await audit.append(entries);
    for (const id of settled) this.rejected.delete(id);
    if (settled.length > 0) handedOver(settled.length);
    await this.save();
  }

  private recordOf(ids: readonly string[]): Entry {
    const apartFrom = ids.flatMap((id) => {
      const numbers = this.rejected.get(id);
      return numbers === undefined ? [] : [{ id, numbers: [...numbers] }];
    });
    const detail: EventDetails['handed-over'] = { ids, apartFrom };
    return newEntry('handed-over', { outcome: 'taken-by-mta' }, detail);
  }

  private async readCommits(): Promise<string[]> {
    const { end } = this.world.audit;
    const room = maxOpen - this.absent.size - this.lingering.size;
    if (end === undefined || this.next === undefined || room <= 0) return [];
    const { ids, at } = await idsBetween(this.world.auditDirectory, this.next, end, committedLine, room);
    this.next = at;
    return ids;
  }

  /** Everything open was committed before this listing began, so what it does not show is not there (readdir(3)). */
  private async listPickup(): Promise<void> {
    const { pickup } = this.world;
    try {
      for await (const { name } of await opendir(pickup, { bufferSize: 512 })) {
        const id = parseCopyName(name)?.id;
        if (id === undefined) continue;
        const known = this.lingering.get(id);
        if (known !== undefined) known.seen = this.listings;
        else if (this.absent.delete(id)) this.lingering.set(id, { seen: this.listings, absentSinceMs: undefined });
      }
    } catch (error) {
      throw diskFault(error, 'list', pickup);
    }
  }

  private async save(): Promise<void> {
    const at = this.batches[0]?.from ?? this.next;
    if (at === undefined) return;
    const text = `${JSON.stringify({ version: 1, at, lingering: [...this.lingering.keys()] } satisfies SavedState)}\n`;
    if (text === this.saved) return;
    const { stateFile } = this.world;
    const temporary = `${stateFile}.tmp`;
    removeIfThere(temporary);
    await writeTogether((files) => files.write(temporary, [Buffer.from(text)], { mode: 0o600 }));
    // The name need not be durable: the state before says less, and what it does not know is found out again.
    rename(temporary, stateFile);
    this.saved = text;
  }
}

function readState(path: string): SavedState | undefined {
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as SavedState & { readonly at: { readonly day?: string } };
    // Version 0.1.0 wrote `day` where a segment is named now.
    return { ...state, at: { segment: state.at.segment ?? state.at.day, offset: state.at.offset } };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw diskFault(error, 'read', path);
  }
}
