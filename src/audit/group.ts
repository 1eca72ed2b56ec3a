import { existsSync } from 'node:fs';
import { isAboutMany } from './line-facts.js';
import { linesOf } from './lines.js';
import { parseDetailsLine } from './record.js';

/**
 * Numbers of the records in a segment's details file that are about many messages, this one among them: `handed-over` names their ids in its
 * detail, `{"ids":[…],…}`, and none in the chain.
 */
export function groupsNaming(path: string, id: string): Set<number> {
  const found = new Set<number>();
  if (!existsSync(path)) return found;
  for (const { text } of linesOf(path)) {
    if (!text.includes(id) || !isAboutMany(text)) continue;
    const parsed = parseDetailsLine(text);
    if (parsed.kind === 'detail') found.add(parsed.seq);
  }
  return found;
}
