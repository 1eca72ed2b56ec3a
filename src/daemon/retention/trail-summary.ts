import { readFileSync, statSync } from 'node:fs';
import { chainName, segments } from '../../audit/files.js';
import { linesOf } from '../../audit/lines.js';
import { replaceFile } from '../../disk/durable.js';
import { errnoOf } from '../../disk/faults.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';

/** What the chain of one segment says that retention has to know, without its details. */
export interface SegmentSummary {
  readonly segment: string;
  readonly chainBytes: number;
  readonly changedMs: number;
  /** Of the claims of the messages that its records are about; infinite and minus infinite when there are none. */
  readonly firstIdMs: number;
  readonly lastIdMs: number;
  /** Of the claims of those that came into the archive. */
  readonly firstArchivedMs: number;
  readonly firstSeq: number;
  readonly lastMs: number;
  /** The latest time of any record up to the end of the segment, since a person last confirmed the clock. */
  readonly latestMs: number;
  /** Where the clock went ahead by more than an hour from one record to the next. */
  readonly steps: readonly ClockStep[];
  /** Numbers of the records by which a person confirmed the clock, and of those that place and release holds. */
  readonly confirmed: readonly number[];
  readonly holds: readonly number[];
  /** There are records of destroyed messages. */
  readonly destroys: boolean;
  /** Messages accepted much later than their ids say, with the time that counts. */
  readonly late: readonly (readonly [id: string, startMs: number])[];
}

export interface ClockStep {
  readonly seq: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const cacheVersion = 1;
const mostLateKept = 10_000;

/**
 * Reads the whole chain once, segment by segment. What was found of segments that no more is added to is kept in `cacheFile`, which may be
 * deleted at any time. The hashes are not checked here: `archive verify` does.
 */
export function summaries(directory: string, cacheFile: { directory: string; name: string } | undefined): SegmentSummary[] {
  const known = cacheFile === undefined ? new Map<string, SegmentSummary>() : readCache(`${cacheFile.directory}/${cacheFile.name}`);
  const found: SegmentSummary[] = [];
  let changed = false;
  let before: SegmentSummary | undefined;
  // Whatever comes before the first one needs no other segment: a chain is as long as it is.
  for (const segment of segments(directory)) {
    const { size, mtimeMs } = statSync(`${directory}/${chainName(segment)}`);
    const cached = known.get(segment);
    const usable = cached !== undefined && cached.chainBytes === size && cached.changedMs === mtimeMs;
    const summary: SegmentSummary = usable ? cached : { ...summarise(directory, segment, before), chainBytes: size, changedMs: mtimeMs };
    changed ||= !usable;
    found.push(summary);
    before = summary;
  }
  if (cacheFile !== undefined && changed) writeCache(cacheFile, found);
  return found;
}

type Counted = Omit<SegmentSummary, 'chainBytes' | 'changedMs'>;

function summarise(directory: string, segment: string, before: SegmentSummary | undefined): Counted {
  let firstIdMs = Number.POSITIVE_INFINITY;
  let lastIdMs = Number.NEGATIVE_INFINITY;
  let firstArchivedMs = Number.POSITIVE_INFINITY;
  let firstSeq = 0;
  let lastMs = before?.lastMs ?? Number.NaN;
  let latestMs = before?.latestMs ?? Number.NEGATIVE_INFINITY;
  let destroys = false;
  const steps: ClockStep[] = [];
  const confirmed: number[] = [];
  const holds: number[] = [];
  const late: [string, number][] = [];
  for (const { text, complete } of linesOf(`${directory}/${chainName(segment)}`)) {
    const [, digits, time, event, id] = /^\{"seq":(\d+),"time":"([^"]*)","event":"([^"]*)"(?:,"id":"([0-9a-f-]{36})")?/.exec(text) ?? [];
    if (!complete || digits === undefined || time === undefined || event === undefined) continue;
    const seq = Number(digits);
    const timeMs = Date.parse(time);
    firstSeq ||= seq;
    if (timeMs - lastMs > hourMs) steps.push({ seq, fromMs: lastMs, toMs: timeMs });
    lastMs = timeMs;
    latestMs = event === 'clock-confirmed' ? timeMs : Math.max(latestMs, timeMs);
    if (event === 'clock-confirmed') confirmed.push(seq);
    else if (event === 'hold-placed' || event === 'hold-released') holds.push(seq);
    // The time of what is no id would be none, and what is compared with it never less nor more.
    if (id === undefined || !isMessageId(id)) continue;
    destroys ||= event === 'purged' || event === 'erased';
    const idMs = timeOfMessageId(id).getTime();
    firstIdMs = Math.min(firstIdMs, idMs);
    lastIdMs = Math.max(lastIdMs, idMs);
    if (event === 'intent' || event === 'dropped') firstArchivedMs = Math.min(firstArchivedMs, idMs);
    // What was accepted after a record was not accepted before that record's time, whatever the clock said by then.
    else if (event === 'accepted' && latestMs - idMs > dayMs) late.push([id, latestMs]);
  }
  return { segment, firstIdMs, lastIdMs, firstArchivedMs, firstSeq, lastMs, latestMs, steps, confirmed, holds, destroys, late };
}

function readCache(path: string): Map<string, SegmentSummary> {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8'), revived) as { version: number; segments: SegmentSummary[] };
    return new Map(kept.version === cacheVersion ? kept.segments.map((summary) => [summary.segment, summary]) : []);
  } catch {
    // Not there, torn or of another version: it is only a cache.
    return new Map();
  }
}

/** The newest segment is still written to. A cache that cannot be written costs time, nothing else. */
function writeCache({ directory, name }: { directory: string; name: string }, found: readonly SegmentSummary[]): void {
  const kept = found.slice(0, -1).filter(({ late }) => late.length <= mostLateKept);
  const text = JSON.stringify({ version: cacheVersion, segments: kept }, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  try {
    replaceFile(directory, name, Buffer.from(text), 0o600);
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof Error && 'code' in error)) throw error;
  }
}

function revived(_key: string, value: unknown): unknown {
  return value === 'Infinity' || value === '-Infinity' || value === 'NaN' ? Number(value) : value;
}
