import { DetailsReader, type FoundDetail } from './details-reader.js';
import { chainName } from './files.js';
import type { Finding } from './finding.js';
import { rawLinesOf } from './lines.js';
import { clockNotes, linkFindings } from './links.js';
import { type ChainRecord, readChainLine } from './record.js';

/** Events whose details say which checkpoints there are, and must be. */
export const CHECKPOINTED: ReadonlySet<string> = new Set(['started', 'stopped', 'checkpoint']);

/** A record with what its details say, handed to the caller as the chain is read. */
export class VerifiedRecord {
  readonly record: ChainRecord;
  /** Its details, verified; the bytes are there until the next record is read. */
  readonly found: FoundDetail;
  private parsed: unknown;

  constructor(record: ChainRecord, found: FoundDetail) {
    this.record = record;
    this.found = found;
  }

  get facts(): RecordFacts {
    const { seq, hash, event, time } = this.record;
    return { seq, hash, event, timeMs: Date.parse(time), detail: CHECKPOINTED.has(event) ? this.detail : undefined };
  }

  /** The detail as it was recorded; undefined if erased, missing or altered. Parsed when it is asked for, which most never do. */
  get detail(): unknown {
    if (this.found.kind !== 'detail') return undefined;
    this.parsed ??= JSON.parse(this.found.text.toString('utf8'));
    return this.parsed;
  }
}

/** What is to be known of a record to follow the chain from one to the next. */
export interface RecordFacts {
  readonly seq: number;
  readonly hash: string;
  readonly event: string;
  readonly timeMs: number;
  /** Undefined where it is unknown, or nobody asks. */
  readonly detail: unknown;
}

/** One segment, verified as far as it goes without the others. Plain data: it crosses threads. */
export interface SegmentReport {
  readonly segment: string;
  readonly records: number;
  readonly erasedDetails: number;
  /** Its first record, to be linked to the segment before; undefined if there is none, or an altered one stands before it. */
  readonly first: ChainRecord | undefined;
  /** Its last record; `unknown` if that is altered, undefined if it has none. */
  readonly last: ChainRecord | 'unknown' | undefined;
  /** It ends in bytes that were never acknowledged; only where `newest` was said. */
  readonly unfinishedTail: boolean;
  readonly findings: readonly Finding[];
  /** What is no fault, and is told all the same. */
  readonly notes: readonly Finding[];
}

/**
 * Checks the records of one segment against their hashes and each other, and the details against them, both ways. Reads everything once;
 * memory does not grow with the number of records. `newest`: it may be being written. `onLine` is given every whole line before its record.
 */
export function verifySegment(
  directory: string,
  segment: string,
  { newest, onLine }: { newest: boolean; onLine?: ((bytes: Buffer) => void) | undefined },
  each: (verified: VerifiedRecord) => void,
): SegmentReport {
  const findings: Finding[] = [];
  const notes: Finding[] = [];
  const file = chainName(segment);
  const details = new DetailsReader(directory, segment);
  let first: ChainRecord | undefined;
  let last: ChainRecord | 'unknown' | undefined;
  let records = 0;
  let erasedDetails = 0;
  let unfinishedTail = false;
  for (const line of rawLinesOf(`${directory}/${file}`)) {
    if (newest && !line.complete) {
      unfinishedTail = true;
      break;
    }
    onLine?.(line.bytes);
    const parsed = line.complete ? readChainLine(line.bytes) : { kind: 'torn' as const };
    if (parsed.kind === 'torn') {
      findings.push({ kind: 'record-torn', file, text: `unfinished or unreadable record at byte ${line.offset}` });
      continue;
    }
    if (parsed.kind === 'altered') {
      findings.push({
        kind: 'record-altered',
        file,
        text: `record ${parsed.seq ?? '?'} at byte ${line.offset} does not match its own hash`,
      });
      last = 'unknown';
      continue;
    }
    const { record } = parsed;
    if (records === 0 && record.event !== 'segment') {
      findings.push({
        kind: 'chain-broken',
        file,
        text: `the file begins with record ${record.seq} (${record.event}), not with a segment record`,
      });
    }
    if (last === undefined) first = record;
    else if (last !== 'unknown') {
      findings.push(...linkFindings(last, record, { file, opens: false }));
      notes.push(...clockNotes(last, record, file));
    }
    const found = details.find(record, findings);
    if (found.kind === 'erased') erasedDetails++;
    each(new VerifiedRecord(record, found));
    last = record;
    records++;
  }
  if (newest) unfinishedTail = details.hasMore() || unfinishedTail;
  else details.finish(findings);
  return { segment, records, erasedDetails, first, last, unfinishedTail, findings, notes };
}
