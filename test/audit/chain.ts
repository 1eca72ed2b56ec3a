import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainName, segments } from '../../src/audit/files.js';
import { type ChainRecord, newEntry, parseChainLine } from '../../src/audit/record.js';
import { verifyChain } from '../../src/audit/verify.js';
import { AuditWriter } from '../../src/audit/writer.js';

export const noon = new Date('2026-11-24T12:00:00.000Z');
export const day = '2026-11-24';

/** A writer whose clock stands still unless it is told otherwise. */
export function openWriter(directory: string, now: () => Date = () => noon): Promise<AuditWriter> {
  return AuditWriter.start({ directory, now });
}

/** An audit trail of `count` records about `thing <n>`, one append each. Returns its directory's files' paths. */
export async function writeTrail(
  directory: string,
  count: number,
  now: () => Date = () => noon,
): Promise<{ chain: string; details: string }> {
  const writer = await openWriter(directory, now);
  for (let n = 1; n <= count; n++) await writer.append([entryAbout(`thing ${n}`)]);
  await writer.close();
  return { chain: join(directory, `${day}.chain.jsonl`), details: join(directory, `${day}.details.jsonl`) };
}

export function entryAbout(about: string) {
  return newEntry('noted', {}, { about });
}

export function recordsIn(path: string): ChainRecord[] {
  return linesOf(path).map((line) => {
    const parsed = parseChainLine(line);
    if (parsed.kind !== 'record') throw new Error(`${parsed.kind}: ${line}`);
    return parsed.record;
  });
}

export function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

/** What the details say, in order; throws if the chain is not whole. */
export function thingsIn(directory: string): string[] {
  const things: string[] = [];
  const report = verifyChain(directory, ({ record, detail }) => {
    if (record.event === 'noted') things.push((detail as { about: string }).about);
  });
  if (report.findings.length > 0) throw new Error(JSON.stringify(report.findings));
  return things;
}

export function tornFiles(directory: string): string[] {
  try {
    return readdirSync(join(directory, 'torn')).sort();
  } catch {
    return [];
  }
}

/** The chain's lines, oldest first, as they stand in the files. */
export function chainLinesIn(directory: string): string[] {
  return segments(directory).flatMap((segment) => linesOf(join(directory, chainName(segment))));
}
