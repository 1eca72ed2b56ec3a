import { existsSync } from 'node:fs';
import { chainName, dayOf, detailsName, segments } from './files.js';
import { linesOf } from './lines.js';
import { type ChainRecord, parseChainLine, parseDetailsLine } from './record.js';

export interface TrailRecord {
  readonly seq: number;
  readonly event: string;
  readonly time: string;
  /** Undefined if erased by retention. */
  readonly detail: unknown;
}

const dayMs = 86_400_000;

/**
 * What the chain says of some messages, oldest first, from the day of `since` on (one day earlier, for a clock that was set back).
 * Memory is bounded by the records of those ids. The chain's integrity is not checked here; start-up has checked its tail, and
 * `audit verify` checks everything.
 */
export function trailOf(directory: string, ids: ReadonlySet<string>, since: Date): Map<string, TrailRecord[]> {
  const trail = new Map<string, TrailRecord[]>();
  if (ids.size === 0) return trail;
  const firstDay = dayOf(new Date(since.getTime() - dayMs));
  for (const segment of segments(directory).filter((each) => each >= firstDay)) {
    const wanted = recordsOf(`${directory}/${chainName(segment)}`, ids);
    const details = detailsOf(`${directory}/${detailsName(segment)}`, new Set(wanted.map((record) => record.seq)));
    for (const { seq, event, time, id } of wanted) {
      if (id === undefined) continue;
      const records = trail.get(id) ?? [];
      records.push({ seq, event, time, detail: details.get(seq) });
      trail.set(id, records);
    }
  }
  return trail;
}

function recordsOf(path: string, ids: ReadonlySet<string>): ChainRecord[] {
  const found: ChainRecord[] = [];
  for (const { text } of linesOf(path)) {
    // The cheap look first: most lines of a busy day are about other messages.
    const id = /"id":"([0-9a-f-]{36})"/.exec(text)?.[1];
    if (id === undefined || !ids.has(id)) continue;
    const parsed = parseChainLine(text);
    if (parsed.kind === 'record') found.push(parsed.record);
  }
  return found;
}

function detailsOf(path: string, seqs: ReadonlySet<number>): Map<number, unknown> {
  const found = new Map<number, unknown>();
  if (seqs.size === 0 || !existsSync(path)) return found;
  for (const { text } of linesOf(path)) {
    const seq = Number(/^\{"seq":(\d+),/.exec(text)?.[1]);
    if (!seqs.has(seq)) continue;
    const parsed = parseDetailsLine(text);
    if (parsed.kind === 'detail') found.set(seq, JSON.parse(parsed.text));
  }
  return found;
}
