import { detailsOf } from './details-of.js';
import { chainName, segmentsSince } from './files.js';
import { idOf } from './line-facts.js';
import { linesOf } from './lines.js';
import { type ChainRecord, parseChainLine } from './record.js';

export interface TrailRecord {
  readonly seq: number;
  readonly event: string;
  readonly time: string;
  /** Undefined if erased by retention. */
  readonly detail: unknown;
}

/**
 * What the chain says of some messages, oldest first, from the day of `since` on (one day earlier, for a clock that was set back).
 * Memory is bounded by the records of those ids. The chain's integrity is not checked here; start-up has checked its tail, and
 * `audit verify` checks everything.
 */
export function trailOf(directory: string, ids: ReadonlySet<string>, since: Date): Map<string, TrailRecord[]> {
  const trail = new Map<string, TrailRecord[]>();
  if (ids.size === 0) return trail;
  for (const segment of segmentsSince(directory, since)) {
    const wanted = recordsOf(`${directory}/${chainName(segment)}`, ids);
    const details = detailsOf(directory, segment, new Set(wanted.map((record) => record.seq)));
    for (const { seq, event, time, id } of wanted) {
      if (id === undefined) continue;
      const records = trail.get(id) ?? [];
      const found = details.get(seq);
      records.push({ seq, event, time, detail: found === undefined ? undefined : JSON.parse(found.text) });
      trail.set(id, records);
    }
  }
  return trail;
}

function recordsOf(path: string, ids: ReadonlySet<string>): ChainRecord[] {
  const found: ChainRecord[] = [];
  for (const { text } of linesOf(path)) {
    const id = idOf(text);
    if (id === undefined || !ids.has(id)) continue;
    const parsed = parseChainLine(text);
    if (parsed.kind === 'record') found.push(parsed.record);
  }
  return found;
}
