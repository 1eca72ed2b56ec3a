import { lastNumberOfChain } from '../chain-head.js';
import { chainName, segments } from '../files.js';
import type { Finding } from '../finding.js';
import { seqOf } from '../line-facts.js';
import { linesOf } from '../lines.js';
import { type AnchorRecord, readAnchorLine } from './anchor-line.js';
import { type AnchorSource, unreadable } from './anchor-source.js';

/** What came of comparing the chain with an anchor. */
export interface AnchorReport {
  readonly anchor: string;
  /** Records of the anchor that the chain has with the same hash; one that stands there twice counts twice. */
  readonly matched: number;
  /** The highest of them: up to there the chain is complete. 0 if there is none. */
  readonly upTo: number;
  /** Lines that seemed to be of a record and could not be read, broken off perhaps. */
  readonly unreadableLines: number;
  readonly findings: readonly Finding[];
}

interface Placed extends AnchorRecord {
  readonly where: string;
}

/** So many records of an anchor are held in memory at a time; for each such portion the chain is read once, where it is concerned. */
const portionRecords = 200_000;

/**
 * Holds the chain against a head, or any number of records, that somebody elsewhere keeps. Every record of the anchor must be in the chain
 * with that hash. A daemon may go on writing: the anchor is read before the chain. Throws `anchor-unreadable`; also if no record is in it, for
 * then it proves nothing. `host`: of a syslog file that several hosts share, the lines of this one.
 */
export async function compareWithAnchor(directory: string, source: AnchorSource, host?: string): Promise<AnchorReport> {
  const result = new Result(directory, source.name);
  let portion: Placed[] = [];
  for await (const { text, where } of source.lines()) {
    const line = readAnchorLine(text);
    if (line.kind === 'unreadable') result.unreadableLines++;
    if (line.kind !== 'record') continue;
    if (host !== undefined && line.record.host !== undefined && line.record.host !== host) continue;
    portion.push({ ...line.record, where });
    if (portion.length < portionRecords) continue;
    result.take(portion);
    portion = [];
  }
  result.take(portion);
  if (result.isEmpty) throw unreadable(source.name, `holds no record${host === undefined ? '' : ` of ${host}`}: nothing was compared`);
  return result.report();
}

class Result {
  unreadableLines = 0;
  private matched = 0;
  private upTo = 0;
  private differing = 0;
  private firstDiffering: { record: Placed; here: string | undefined } | undefined;
  private ahead: Placed | undefined;
  private end = 0;
  private readonly directory: string;
  private readonly anchor: string;

  constructor(directory: string, anchor: string) {
    this.directory = directory;
    this.anchor = anchor;
  }

  get isEmpty(): boolean {
    return this.matched + this.differing === 0 && this.ahead === undefined;
  }

  take(portion: Placed[]): void {
    if (portion.length === 0) return;
    portion.sort((a, b) => a.seq - b.seq);
    this.end = lastNumberOfChain(this.directory);
    const here = hashesOf(this.directory, portion);
    for (const record of portion) {
      if (record.seq > this.end) {
        if (this.ahead === undefined || record.seq > this.ahead.seq) this.ahead = record;
        continue;
      }
      const hash = here.get(record.seq);
      if (hash === record.hash) {
        this.matched++;
        this.upTo = Math.max(this.upTo, record.seq);
        continue;
      }
      this.differing++;
      if (this.firstDiffering === undefined || record.seq < this.firstDiffering.record.seq) this.firstDiffering = { record, here: hash };
    }
  }

  report(): AnchorReport {
    const { anchor, matched, upTo, unreadableLines, ahead, firstDiffering: differing } = this;
    const findings: Finding[] = [];
    if (differing !== undefined) {
      const { record, here } = differing;
      const what = here === undefined ? 'is not in the chain' : `has the hash ${here} here`;
      const more = this.differing > 1 ? `; so do ${this.differing - 1} further ones` : '';
      const text = `record ${record.seq} ${what}, and the hash ${record.hash} in the anchor (${record.where}): one of the two was written anew${more}`;
      findings.push({ kind: 'anchor-differs', file: anchor, text });
    }
    if (ahead !== undefined) {
      const text = `the chain ends at ${this.end}, the anchor has ${ahead.seq} (${ahead.where}): the tail was cut off`;
      findings.push({ kind: 'anchor-ahead', file: anchor, text });
    }
    return { anchor, matched, upTo, unreadableLines, findings };
  }
}

/** The hashes that the chain has for these numbers, which are in order. Reads the segments that are concerned. */
function hashesOf(directory: string, wanted: readonly Placed[]): Map<number, string> {
  const numbers = new Set(wanted.map(({ seq }) => seq));
  const [lowest = 0, highest = 0] = [wanted[0]?.seq, wanted.at(-1)?.seq];
  const found = new Map<number, string>();
  const all = segments(directory).map((segment) => ({
    path: `${directory}/${chainName(segment)}`,
    first: firstNumber(directory, segment),
  }));
  for (const [index, { path, first }] of all.entries()) {
    const next = all[index + 1]?.first;
    // What cannot be told by the first records is read.
    if ((first !== undefined && first > highest) || (next !== undefined && next <= lowest)) continue;
    for (const { text, complete } of linesOf(path)) {
      const [, digits, hash] = (complete ? /^\{"seq":(\d{1,15}),.*"hash":"([0-9a-f]{64})"\}$/.exec(text) : null) ?? [];
      const seq = Number(digits);
      if (hash !== undefined && numbers.has(seq) && !found.has(seq)) found.set(seq, hash);
    }
  }
  return found;
}

function firstNumber(directory: string, segment: string): number | undefined {
  for (const { text } of linesOf(`${directory}/${chainName(segment)}`)) {
    return seqOf(text);
  }
  return undefined;
}
