import { existsSync } from 'node:fs';
import { detailsName } from './files.js';
import { seqOf } from './line-facts.js';
import { linesOf } from './lines.js';
import { parseDetailsLine } from './record.js';

/** What the details of a segment say of these records; nothing of those that are erased or missing. Not compared with the chain. */
export function detailsOf(directory: string, segment: string, seqs: ReadonlySet<number>): Map<number, { text: string; salt: string }> {
  const found = new Map<number, { text: string; salt: string }>();
  const path = `${directory}/${detailsName(segment)}`;
  if (seqs.size === 0 || !existsSync(path)) return found;
  for (const { text } of linesOf(path)) {
    if (!seqs.has(seqOf(text) ?? 0)) continue;
    const parsed = parseDetailsLine(text);
    if (parsed.kind === 'detail') found.set(parsed.seq, parsed);
  }
  return found;
}
