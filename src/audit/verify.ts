import { existsSync, statSync } from 'node:fs';
import { chainName, detailsName, detailsSegments, segments } from './files.js';
import { linesOf } from './lines.js';
import { type ChainRecord, commitmentTo, firstPrev, parseChainLine, parseDetailsLine } from './record.js';

export interface Finding {
  /** Stable word for the kind of fault, documented in docs/audit.md. */
  readonly kind:
    | 'record-altered'
    | 'record-torn'
    | 'chain-broken'
    | 'segment-missing'
    | 'clock-set-back'
    | 'details-missing'
    | 'details-altered'
    | 'details-without-record'
    | 'archive-missing'
    | 'archive-altered'
    | 'archive-without-record';
  readonly file: string;
  readonly text: string;
}

export interface ChainReport {
  readonly records: number;
  readonly erasedDetails: number;
  readonly head: { readonly seq: number; readonly hash: string };
  /** The newest file ends in bytes that were never acknowledged: being written now, or left by a crash (start-up cuts them back). */
  readonly unfinishedTail: boolean;
  readonly findings: readonly Finding[];
}

/** A record with its verified detail, handed to the caller as the chain is read (to compare the archive with it). */
export interface VerifiedRecord {
  readonly record: ChainRecord;
  /** Undefined if erased, missing or altered. */
  readonly detail: unknown;
}

/**
 * Checks the chain, and the details against it, both ways. Reads everything once; memory does not grow with the number of records.
 * What it cannot see is a tail cut off in both files: without a hash held elsewhere, completeness is not proven.
 */
export function verifyChain(directory: string, each: (verified: VerifiedRecord) => void): ChainReport {
  const findings: Finding[] = [];
  const all = segments(directory);
  let previous: ChainRecord | undefined;
  let records = 0;
  let erasedDetails = 0;
  let unfinishedTail = false;
  for (const segment of all) {
    const file = chainName(segment);
    const newest = segment === all.at(-1);
    const details = new DetailsReader(directory, segment);
    let first = true;
    for (const line of linesOf(`${directory}/${file}`)) {
      if (newest && !line.complete) {
        unfinishedTail = true;
        break;
      }
      const where = `byte ${line.offset}`;
      const parsed = line.complete ? parseChainLine(line.text) : { kind: 'torn' as const };
      if (parsed.kind === 'torn') {
        findings.push({ kind: 'record-torn', file, text: `unfinished or unreadable record at ${where}` });
        continue;
      }
      if (parsed.kind === 'altered') {
        findings.push({ kind: 'record-altered', file, text: `record ${parsed.seq ?? '?'} at ${where} does not match its own hash` });
        previous = undefined;
        continue;
      }
      const { record } = parsed;
      findings.push(...linkFindings(previous, record, { file, first, firstFile: segment === all[0] }));
      first = false;
      const looked = details.find(record, findings);
      if (looked.erased) erasedDetails++;
      each({ record, detail: looked.detail });
      previous = record;
      records++;
    }
    if (newest) unfinishedTail = details.hasMore() || unfinishedTail;
    else details.finish(findings);
  }
  const withDetails = detailsSegments(directory);
  // Asked again, after the details: a segment may have begun meanwhile.
  const allNow = segments(directory);
  for (const segment of withDetails) {
    // An empty one is left by a crash, or a full disk, between making the two files of a segment.
    if (!allNow.includes(segment) && statSync(`${directory}/${detailsName(segment)}`).size > 0) {
      findings.push({
        kind: 'segment-missing',
        file: chainName(segment),
        text: `${detailsName(segment)} is there, but the chain file of that segment is not`,
      });
    }
  }
  return { records, erasedDetails, head: { seq: previous?.seq ?? 0, hash: previous?.hash ?? firstPrev }, unfinishedTail, findings };
}

function linkFindings(
  previous: ChainRecord | undefined,
  record: ChainRecord,
  place: { file: string; first: boolean; firstFile: boolean },
): Finding[] {
  const { file } = place;
  const found: Finding[] = [];
  if (place.first && record.event !== 'segment') {
    found.push({
      kind: 'chain-broken',
      file,
      text: `the file begins with record ${record.seq} (${record.event}), not with a segment record`,
    });
  }
  if (previous === undefined) {
    if (place.firstFile && place.first && (record.seq !== 1 || record.prev !== firstPrev)) {
      found.push({
        kind: 'segment-missing',
        file,
        text: `the oldest file begins with record ${record.seq}: what came before it is missing`,
      });
    }
    return found;
  }
  if (record.prev !== previous.hash || record.seq !== previous.seq + 1) {
    const gap = place.first ? 'segment-missing' : 'chain-broken';
    found.push({
      kind: gap,
      file,
      text: `record ${record.seq} does not follow record ${previous.seq}: something between them was removed or changed`,
    });
  }
  if (record.time < previous.time) {
    found.push({
      kind: 'clock-set-back',
      file,
      text: `record ${record.seq} (${record.time}) is older than the record before it (${previous.time})`,
    });
  }
  return found;
}

/** Reads a segment's details alongside its chain; both are in order of seq. */
class DetailsReader {
  private readonly file: string;
  private readonly lines: Iterator<{ text: string; offset: number; complete: boolean }> | undefined;
  private held: ReturnType<typeof parseDetailsLine> | undefined;

  constructor(directory: string, segment: string) {
    this.file = detailsName(segment);
    const path = `${directory}/${this.file}`;
    this.lines = existsSync(path) ? linesOf(path)[Symbol.iterator]() : undefined;
  }

  find(record: ChainRecord, findings: Finding[]): { detail: unknown; erased: boolean } {
    for (;;) {
      this.held ??= this.next(findings);
      if (this.held === undefined || this.held.kind === 'torn' || this.held.seq > record.seq) {
        findings.push({ kind: 'details-missing', file: this.file, text: `the details of record ${record.seq} are missing` });
        return { detail: undefined, erased: false };
      }
      const held = this.held;
      this.held = undefined;
      if (held.seq < record.seq) {
        findings.push({ kind: 'details-without-record', file: this.file, text: `details ${held.seq} have no record in the chain` });
        continue;
      }
      if (held.kind === 'erased') return { detail: undefined, erased: true };
      if (commitmentTo(held.text, held.salt) !== record.detail) {
        findings.push({
          kind: 'details-altered',
          file: this.file,
          text: `the details of record ${record.seq} are not what the chain committed to`,
        });
        return { detail: undefined, erased: false };
      }
      return { detail: JSON.parse(held.text), erased: false };
    }
  }

  hasMore(): boolean {
    this.held ??= this.next([]);
    return this.held !== undefined;
  }

  finish(findings: Finding[]): void {
    for (let held = this.held ?? this.next(findings); held !== undefined; held = this.next(findings)) {
      if (held.kind !== 'torn') {
        findings.push({ kind: 'details-without-record', file: this.file, text: `details ${held.seq} have no record in the chain` });
      }
    }
  }

  /** The next readable line; an unreadable one is a finding and passed over. */
  private next(findings: Finding[]): Exclude<ReturnType<typeof parseDetailsLine>, { kind: 'torn' }> | undefined {
    for (;;) {
      const line = this.lines?.next();
      if (line === undefined || line.done === true) return undefined;
      const parsed = line.value.complete ? parseDetailsLine(line.value.text) : { kind: 'torn' as const };
      if (parsed.kind !== 'torn') return parsed;
      findings.push({ kind: 'details-altered', file: this.file, text: `unreadable line at byte ${line.value.offset}` });
    }
  }
}
