import { mkdirSync } from 'node:fs';
import { diskFault } from '../disk/faults.js';
import { isWait, SealdropError } from '../errors.js';
import { chainName, dayOf, dayOfSegment, segmentAfter, segments } from './files.js';
import type { ChainPosition } from './follow.js';
import { addDurably, closeForGood, closeSegment, letGo, type OpenSegment, openSegment, sizesIn } from './open-segment.js';
import { chainLine, detailsLine, type Entry, newEntry } from './record.js';
import { type ChainEnd, type Cut, maxUnacknowledgedBytes, repairTail } from './repair.js';

export interface AuditWriterOptions {
  readonly directory: string;
  readonly now: () => Date;
  /** A segment that has this many octets in both files is followed by a new one; undefined: it lasts for its day. */
  readonly segmentBytes?: number | undefined;
  /** Called when the disk refuses a write that will be tried again (`wait`), and with undefined when it works again. */
  readonly onWait?: (fault: SealdropError | undefined) => void;
  /** Pause before a refused write is tried again; undefined: it is not, the append fails (`run --once`). */
  readonly retryMs?: number | undefined;
}

/** Chain lines that have become durable together, without line feeds, and where the chain ends with them. */
export interface Written {
  readonly lines: readonly string[];
  readonly seq: number;
  readonly hash: string;
  readonly at: ChainPosition;
}

interface Waiting {
  readonly entries: readonly Entry[];
  /** To be written into a segment that has nothing from before. */
  readonly roll?: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer of the audit chain. `append` resolves when its records are durable in both files; appends that arrive while the
 * disk is busy share the next write (group commit).
 */
export class AuditWriter {
  /** What start-up had to cut back; already recorded in the chain. */
  readonly repaired: readonly Cut[];
  private readonly options: AuditWriterOptions;
  private seq: number;
  private hash: string;
  private open: OpenSegment | undefined;
  private lastSegment: string | undefined;
  private rollDue = false;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private failure: unknown;
  private stopping = false;
  private readonly followers: ((written: Written) => void)[] = [];

  private constructor(options: AuditWriterOptions, end: ChainEnd) {
    this.options = options;
    this.seq = end.seq;
    this.hash = end.hash;
    this.lastSegment = end.segment;
    this.repaired = end.cuts;
  }

  /** Opens the chain for appending, repairing a torn tail first (I4); the repair is itself a record. */
  static async start(options: AuditWriterOptions): Promise<AuditWriter> {
    makeDirectory(options.directory);
    const writer = new AuditWriter(options, repairTail(options.directory, options.now().getTime()));
    for (const segment of segments(options.directory).slice(0, -1)) closeForGood(options.directory, segment);
    if (writer.repaired.length > 0) await writer.append([newEntry('repaired', {}, { cuts: writer.repaired })]);
    return writer;
  }

  /** Up to where the chain is durable; undefined before the first append. */
  get end(): ChainPosition | undefined {
    return this.open === undefined ? undefined : { segment: this.open.segment, offset: this.open.chainBytes };
  }

  /** Number and hash of the last durable record; 0 and zeros before the first. */
  get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.seq, hash: this.hash };
  }

  /** From now on told of everything that becomes durable, before those are who appended it. It must not throw, and returns at once. */
  follow(listener: (written: Written) => void): void {
    this.followers.push(listener);
  }

  append(entries: readonly Entry[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (entries.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ entries, resolve, reject });
      this.running ??= this.drain();
    });
  }

  /** Ends the segment: resolves when a new one has begun, durably, and nothing will be added to those before it. */
  async roll(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const before = this.lastSegment;
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ entries: [], roll: true, resolve, reject });
      this.running ??= this.drain();
    });
    if (before === undefined || this.lastSegment !== before) return;
    throw new SealdropError('audit-segments-used-up', `${before} is the last segment that a day can have`, {
      disposition: 'retry',
      cure: 'Try again on another day (UTC).',
    });
  }

  /** From now on an append that the disk refuses fails (`wait`), also one that is being tried again. */
  halt(): void {
    this.stopping = true;
  }

  /** Waits for what is being written and closes the files. */
  async close(): Promise<void> {
    this.halt();
    await this.running;
    if (this.open !== undefined) (this.failure === undefined ? closeSegment : letGo)(this.open);
    this.open = undefined;
    this.failure ??= new SealdropError('audit-closed', 'the audit trail is closed', {
      disposition: 'fatal',
      cure: 'Start sealdrop again.',
    });
  }

  private async drain(): Promise<void> {
    // Appends made in the same turn of the event loop belong together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      this.rollDue ||= group.some((each) => each.roll === true);
      try {
        // What came while the write before was failing: after a failed fsync nothing more is written, least of all to the same descriptor.
        if (this.failure !== undefined) throw this.failure;
        await this.writeGroup(group.flatMap((each) => each.entries));
        for (const each of group) each.resolve();
      } catch (error) {
        if (!isWait(error)) this.failure ??= error;
        for (const each of group) each.reject(error);
      }
    }
    this.running = undefined;
  }

  /** At most as many bytes as a tear may hold; a single larger append is cut into several writes by `writeGroup`. */
  private takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const each of this.waiting) {
      bytes += each.entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
      if (count > 0 && bytes > maxUnacknowledgedBytes) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async writeGroup(entries: readonly Entry[]): Promise<void> {
    // Without entries once, too: a new segment is begun by a record of its own.
    for (let start = 0; start === 0 || start < entries.length; ) {
      let bytes = 0;
      let end = start;
      for (; end < entries.length; end++) {
        bytes += sizeOf(entries[end]);
        if (end > start && bytes > maxUnacknowledgedBytes) break;
      }
      await this.writeUntilItWorks(entries.slice(start, end));
      if (end === start) return;
      start = end;
    }
  }

  private async writeUntilItWorks(entries: readonly Entry[]): Promise<void> {
    for (let waited = false; ; waited = true) {
      try {
        await this.write(entries);
        if (waited) this.options.onWait?.(undefined);
        return;
      } catch (error) {
        const { retryMs } = this.options;
        if (!isWait(error)) throw error;
        this.options.onWait?.(error);
        if (retryMs === undefined || this.stopping) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Refused by the disk: the same records can be written again. */
  private async write(entries: readonly Entry[]): Promise<void> {
    const now = this.options.now();
    const file = this.fileFor(now);
    const before = file.chainBytes === 0 ? this.lastSegment : undefined;
    const opening = file.chainBytes === 0 ? [newEntry('segment', {}, { previous: before === undefined ? null : chainName(before) })] : [];
    let { seq, hash } = this;
    const lines: string[] = [];
    const details: string[] = [];
    for (const entry of [...opening, ...entries]) {
      seq++;
      const placed = chainLine(entry, { seq, time: now, prev: hash });
      hash = placed.hash;
      lines.push(placed.line);
      details.push(detailsLine(entry, seq), '\n');
    }
    // A segment that cannot be followed by another one, asked to end.
    if (lines.length === 0) return;
    await addDurably(this.options.directory, file, Buffer.from(`${lines.join('\n')}\n`, 'utf8'), Buffer.from(details.join(''), 'utf8'));
    this.lastSegment = file.segment;
    this.rollDue = false;
    // Not before the new one is durable: after a crash the newest segment is the one that goes on.
    if (before !== undefined) closeForGood(this.options.directory, before);
    this.seq = seq;
    this.hash = hash;
    for (const follower of this.followers) follower({ lines, seq, hash, at: { segment: file.segment, offset: file.chainBytes } });
  }

  /** The files to append to. One that was opened and then refused by the disk has no record yet, and is used again. */
  private fileFor(now: Date): OpenSegment {
    const segment = this.segmentFor(now);
    if (this.open?.segment === segment) return this.open;
    if (this.open !== undefined) closeSegment(this.open);
    this.open = undefined;
    this.open = openSegment(this.options.directory, segment);
    return this.open;
  }

  /** If the clock was set back, the newest day stays in use, so that the order of the files is the order of the chain. */
  private segmentFor(now: Date): string {
    const today = dayOf(now);
    const last = this.lastSegment;
    if (last === undefined || dayOfSegment(last) < today) return today;
    return (this.rollDue || this.isFull(last) ? segmentAfter(last) : undefined) ?? last;
  }

  private isFull(segment: string): boolean {
    const { segmentBytes = Number.POSITIVE_INFINITY, directory } = this.options;
    const { open } = this;
    if (open?.segment === segment) return open.chainBytes + open.detailsBytes >= segmentBytes;
    // Once after the start: it may have been filled before.
    return sizesIn(directory, segment) >= segmentBytes;
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw diskFault(error, 'make', path);
  }
}

function sizeOf(entry: Entry | undefined): number {
  return entry === undefined ? 0 : Buffer.byteLength(entry.detail) + 512;
}
