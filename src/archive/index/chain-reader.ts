import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { chainName, detailsName, segments } from '../../audit/files.js';
import { seqOf } from '../../audit/line-facts.js';
import { type Line, linesOf } from '../../audit/lines.js';

/** How far the chain was read: behind its record `seq`. */
export interface Reached {
  readonly segment: string;
  /** Octets of its chain file. */
  readonly offset: number;
  /** Octets of its details file; where retention has rewritten it, the place is looked for again. */
  readonly detailsOffset: number;
  readonly seq: number;
  /** Of that record. */
  readonly hash: string;
  readonly time: string;
}

/** A record as far as the index wants it. Nothing is verified here: that is what `audit verify` is for. */
export interface IndexedRecord {
  readonly event: string;
  readonly id: string | undefined;
  readonly outcome: string | undefined;
  /** Undefined if erased, missing, unreadable, or of an event whose details are not wanted. */
  readonly detail: unknown;
  readonly reached: Reached;
}

/** Reads on from a place, or from the beginning, up to the last whole record there is now. `wanted`: events whose details are read. */
export function* recordsAfter(directory: string, from: Reached | undefined, wanted: ReadonlySet<string>): Generator<IndexedRecord> {
  for (const segment of segments(directory)) {
    if (from !== undefined && segment < from.segment) continue;
    const resumed = from !== undefined && segment === from.segment ? from : undefined;
    const details = new Details(`${directory}/${detailsName(segment)}`, resumed);
    try {
      for (const line of linesOf(`${directory}/${chainName(segment)}`, resumed?.offset ?? 0)) {
        if (!line.complete) break;
        const record = parsed(line.text);
        if (record === undefined) continue;
        const { seq, time, hash, event, id, outcome } = record;
        const detail = details.of(seq, wanted.has(event));
        yield { event, id, outcome, detail, reached: { segment, offset: line.end, detailsOffset: details.offset, seq, hash, time } };
      }
    } finally {
      details.close();
    }
  }
}

/** Is there still the record, at that place, that was the last one read? If not, this is another chain, or its end was cut back. */
export function isStillThere(directory: string, { segment, offset, hash }: Reached): boolean {
  const end = Buffer.from(`"hash":"${hash}"}\n`);
  const found = Buffer.alloc(end.length);
  let file: number | undefined;
  try {
    file = openSync(`${directory}/${chainName(segment)}`, 'r');
    return readSync(file, found, 0, found.length, Math.max(0, offset - found.length)) === found.length && found.equals(end);
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

interface ParsedRecord {
  readonly seq: number;
  readonly time: string;
  readonly hash: string;
  readonly event: string;
  readonly id?: string;
  readonly outcome?: string;
}

function parsed(text: string): ParsedRecord | undefined {
  const value = jsonOf(text) as Partial<ParsedRecord> | undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { seq, time, hash, event, id, outcome } = value;
  if (typeof seq !== 'number' || [time, hash, event, id ?? '', outcome ?? ''].some((each) => typeof each !== 'string')) return undefined;
  return value as ParsedRecord;
}

/** A segment's details, read alongside its chain: both are in order of seq. */
class Details {
  /** Behind the last line that was used. */
  offset: number;
  private readonly lines: Generator<Line> | undefined;
  private held: { seq: number; line: Line } | undefined;

  constructor(path: string, resumed: Reached | undefined) {
    this.offset = resumed?.detailsOffset ?? 0;
    if (!existsSync(path)) return;
    const [next] = resumed === undefined ? [] : linesOf(path, resumed.detailsOffset);
    // Rewritten by retention, the file is shorter, and the place is in the middle of a line or behind the end.
    const moved = resumed !== undefined && (next === undefined || seqOf(next.text) !== resumed.seq + 1);
    if (moved) this.offset = 0;
    this.lines = linesOf(path, this.offset);
  }

  of(seq: number, wanted: boolean): unknown {
    for (;;) {
      this.held ??= this.next();
      if (this.held === undefined || this.held.seq > seq) return undefined;
      const { seq: given, line } = this.held;
      this.held = undefined;
      this.offset = line.end;
      if (given === seq) return wanted ? detailIn(line.text) : undefined;
    }
  }

  close(): void {
    this.lines?.return(undefined);
  }

  private next(): { seq: number; line: Line } | undefined {
    for (;;) {
      const line = this.lines?.next();
      if (line === undefined || line.done === true || !line.value.complete) return undefined;
      const seq = seqOf(line.value.text);
      if (seq !== undefined) return { seq, line: line.value };
    }
  }
}

function detailIn(text: string): unknown {
  const value = jsonOf(text);
  return typeof value === 'object' && value !== null && 'detail' in value ? value.detail : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
