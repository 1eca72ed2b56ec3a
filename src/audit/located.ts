import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { chainName, detailsName, segmentsSince } from './files.js';
import { idOf, isAboutMany, seqOf } from './line-facts.js';
import { linesOf } from './lines.js';
import { type ChainRecord, commitmentTo, parseChainLine, parseDetailsLine } from './record.js';

/** A record with the very lines that say it, so that another program can check hash and commitment. */
export interface LocatedRecord {
  readonly record: ChainRecord;
  /** Without line feed, as all lines here. */
  readonly chainLine: string;
  /** Undefined if erased or missing; of a record about many messages it is left out unless asked for. */
  readonly detailsLine: string | undefined;
  /** Undefined if erased, missing, or not what the chain committed to. */
  readonly detail: unknown;
}

/**
 * Row: number of the row before of this id (0: none), segment, offset and length of the chain line, offset (-1: none) and length of the
 * details, 1 if these are about many messages.
 */
const width = 7;

/**
 * Where the records of some messages lie, found in one pass over the trail and read when asked for: memory holds 56 octets a record and
 * the ids, whatever the records say. Nothing of the chain but the lines themselves is verified.
 */
export class LocatedRecords {
  private readonly directory: string;
  private readonly segments: readonly string[];
  private readonly last = new Map<string, number>();
  private rows = new Float64Array(width * 1024);
  private count = 0;
  private open: { readonly path: string; readonly descriptor: number }[] = [];

  /** `since`: the claim of the oldest of them; one day earlier is looked at too, for a clock that was set back. */
  constructor(directory: string, ids: ReadonlySet<string>, since: Date) {
    this.directory = directory;
    this.segments = segmentsSince(directory, since);
    for (const id of ids) this.last.set(id, 0);
    if (ids.size > 0) for (const index of this.segments.keys()) this.scan(index);
  }

  /** What is recorded about a message, oldest first. Throws `trail-changed` if the files are no longer those that were looked at. */
  of(id: string): LocatedRecord[] {
    const found: LocatedRecord[] = [];
    for (let row = this.last.get(id) ?? 0; row !== 0; row = this.cell(row, 0)) found.push(this.read(row));
    return found.sort((one, other) => one.record.seq - other.record.seq);
  }

  /** Every record found, in the chain's order, each once, with its details. */
  *all(): Generator<LocatedRecord> {
    const order = Array.from({ length: this.count }, (_, index) => index + 1);
    order.sort((one, other) => this.cell(one, 1) - this.cell(other, 1) || this.cell(one, 2) - this.cell(other, 2));
    let before = '';
    for (const row of order) {
      const place = `${this.cell(row, 1)} ${this.cell(row, 2)}`;
      // A record about many messages has a row for each of them.
      if (place !== before) yield this.read(row, true);
      before = place;
    }
  }

  close(): void {
    for (const { descriptor } of this.open.splice(0)) closeSync(descriptor);
  }

  private scan(index: number): void {
    const segment = this.segments[index] ?? '';
    /** Rows of this segment that want their details, by seq; and records about no one message, which may be about many. */
    const wanted = new Map<number, number>();
    const unnamed = new Map<number, { offset: number; bytes: number }>();
    for (const { text, offset, end, complete } of linesOf(`${this.directory}/${chainName(segment)}`)) {
      if (!complete) break;
      const seq = seqOf(text) ?? 0;
      const id = idOf(text);
      if (id === undefined) unnamed.set(seq, { offset, bytes: end - offset - 1 });
      else if (this.last.has(id)) wanted.set(seq, this.add(id, [index, offset, end - offset - 1, -1, 0, 0]));
    }
    const path = `${this.directory}/${detailsName(segment)}`;
    if (!existsSync(path)) return;
    for (const { text, offset, end, complete } of linesOf(path)) {
      if (!complete) break;
      const seq = seqOf(text) ?? 0;
      const row = wanted.get(seq);
      if (row !== undefined) this.rows.set([offset, end - offset - 1], row * width + 4);
      const place = unnamed.get(seq);
      if (place === undefined || !isAboutMany(text)) continue;
      for (const id of idsIn(text)) {
        if (this.last.has(id)) this.add(id, [index, place.offset, place.bytes, offset, end - offset - 1, 1]);
      }
    }
  }

  private add(id: string, cells: readonly number[]): number {
    const row = ++this.count;
    if ((row + 1) * width > this.rows.length) {
      const larger = new Float64Array(this.rows.length * 2);
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows.set([this.last.get(id) ?? 0, ...cells], row * width);
    this.last.set(id, row);
    return row;
  }

  private cell(row: number, column: number): number {
    return this.rows[row * width + column] ?? 0;
  }

  private read(row: number, withShared = false): LocatedRecord {
    const segment = this.segments[this.cell(row, 1)] ?? '';
    const chainLine = this.line(chainName(segment), this.cell(row, 2), this.cell(row, 3));
    const parsed = parseChainLine(chainLine);
    if (parsed.kind !== 'record') throw trailChanged(chainName(segment));
    const { record } = parsed;
    const offset = this.cell(row, 4);
    // Details about many messages name all of them: not read again for each.
    if (offset < 0 || (this.cell(row, 6) === 1 && !withShared)) return { record, chainLine, detailsLine: undefined, detail: undefined };
    const detailsLine = this.line(detailsName(segment), offset, this.cell(row, 5));
    const details = parseDetailsLine(detailsLine);
    if (details.kind === 'torn' || details.seq !== record.seq) throw trailChanged(detailsName(segment));
    if (details.kind === 'erased') return { record, chainLine, detailsLine: undefined, detail: undefined };
    const isWhole = commitmentTo(details.text, details.salt) === record.detail;
    return { record, chainLine, detailsLine, detail: isWhole ? JSON.parse(details.text) : undefined };
  }

  private line(name: string, offset: number, bytes: number): string {
    const path = `${this.directory}/${name}`;
    const line = Buffer.allocUnsafe(bytes);
    try {
      const got = readSync(this.descriptorOf(path), line, 0, bytes, offset);
      if (got < bytes) throw trailChanged(name);
    } catch (error) {
      throw error instanceof SealdropError ? error : diskFault(error, 'read', path);
    }
    return line.toString('utf8');
  }

  /** The files of a day or two are read at the same time. */
  private descriptorOf(path: string): number {
    const known = this.open.find((each) => each.path === path);
    if (known !== undefined) return known.descriptor;
    if (this.open.length >= mostOpen) closeSync(this.open.shift()?.descriptor ?? -1);
    const descriptor = openSync(path, 'r');
    this.open.push({ path, descriptor });
    return descriptor;
  }
}

const mostOpen = 16;

function idsIn(detailsLine: string): string[] {
  const parsed = parseDetailsLine(detailsLine);
  return parsed.kind === 'detail' ? (JSON.parse(parsed.text) as { ids: string[] }).ids : [];
}

function trailChanged(file: string): SealdropError {
  return new SealdropError('trail-changed', `${file} is no longer what it was when it was looked through`, {
    disposition: 'retry',
    cure: 'Run the command again: details may have been erased meanwhile. If it stays so, run `sealdrop audit verify`.',
  });
}
