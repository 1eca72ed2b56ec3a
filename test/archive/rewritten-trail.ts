import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainName, detailsName, segments } from '../../src/audit/files.js';
import { chainLine, detailsLine, firstPrev, newEntry, parseChainLine, parseDetailsLine } from '../../src/audit/record.js';

/** What a record says, to be said differently; undefined leaves the record out. */
export type Rewrite = (event: string, id: string | undefined, detail: Record<string, unknown>) => Record<string, unknown> | undefined;

/**
 * Writes the whole trail anew, as root with a program of his own could: every record and detail as before but for what `rewrite` changes, with
 * fresh commitments, and a chain that verifies. Only what stands elsewhere can tell.
 */
export function rewriteTrail(audit: string, rewrite: Rewrite): void {
  let [seq, prev] = [0, firstPrev];
  for (const segment of segments(audit)) {
    const details = new Map(
      linesIn(join(audit, detailsName(segment))).flatMap((line) => {
        const parsed = parseDetailsLine(line);
        return parsed.kind === 'detail' ? [[parsed.seq, JSON.parse(parsed.text) as Record<string, unknown>] as const] : [];
      }),
    );
    const chain: string[] = [];
    const written: string[] = [];
    for (const line of linesIn(join(audit, chainName(segment)))) {
      const parsed = parseChainLine(line);
      if (parsed.kind !== 'record') throw new Error(`${parsed.kind}: ${line}`);
      const { event, id, outcome, algorithms, time } = parsed.record;
      const detail = rewrite(event, id, details.get(parsed.record.seq) ?? {});
      if (detail === undefined) continue;
      const entry = newEntry(event, { id, outcome, algorithms }, detail);
      seq++;
      const placed = chainLine(entry, { seq, time: new Date(time), prev });
      prev = placed.hash;
      chain.push(placed.line);
      written.push(detailsLine(entry, seq));
    }
    writeLines(join(audit, chainName(segment)), chain);
    writeLines(join(audit, detailsName(segment)), written);
  }
}

function linesIn(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

function writeLines(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
}
