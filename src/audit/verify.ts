import { statSync } from 'node:fs';
import { chainName, detailsName, detailsSegments, segments } from './files.js';
import type { Finding } from './finding.js';
import { beginningFindings, linkFindings } from './links.js';
import { type ChainRecord, firstPrev } from './record.js';
import { type SegmentReport, type VerifiedRecord, verifySegment } from './verify-segment.js';

export interface ChainReport {
  readonly records: number;
  readonly erasedDetails: number;
  readonly head: { readonly seq: number; readonly hash: string };
  /** The newest file ends in bytes that were never acknowledged: being written now, or left by a crash (start-up cuts them back). */
  readonly unfinishedTail: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Checks the chain, and the details against it, both ways. Reads everything once; memory does not grow with the number of records.
 * What it cannot see is a tail cut off in both files: without a hash held elsewhere, completeness is not proven.
 */
export function verifyChain(directory: string, each: (verified: VerifiedRecord) => void): ChainReport {
  const all = segments(directory);
  const chain = new ChainOfSegments();
  for (const segment of all) chain.add(verifySegment(directory, segment, { newest: segment === all.at(-1) }, each));
  return chain.report(directory);
}

/** Joins the reports of all segments, which are added in the order of the chain. */
class ChainOfSegments {
  private readonly findings: Finding[] = [];
  private previous: ChainRecord | 'unknown' | undefined;
  private records = 0;
  private erasedDetails = 0;
  private unfinishedTail = false;

  add({ segment, records, erasedDetails, first, last, unfinishedTail, findings }: SegmentReport): void {
    const file = chainName(segment);
    if (first !== undefined && this.previous === undefined) this.findings.push(...beginningFindings(first, file));
    if (first !== undefined && this.previous !== undefined && this.previous !== 'unknown')
      this.findings.push(...linkFindings(this.previous, first, { file, opens: true }));
    this.findings.push(...findings);
    this.previous = last ?? this.previous;
    this.records += records;
    this.erasedDetails += erasedDetails;
    this.unfinishedTail = unfinishedTail;
  }

  /** After the last one. */
  report(directory: string): ChainReport {
    const { records, erasedDetails, unfinishedTail } = this;
    const head = this.previous === undefined || this.previous === 'unknown' ? { seq: 0, hash: firstPrev } : this.previous;
    const findings = [...this.findings, ...chainsMissing(directory)];
    return { records, erasedDetails, head: { seq: head.seq, hash: head.hash }, unfinishedTail, findings };
  }
}

/** Details without a chain. */
function chainsMissing(directory: string): Finding[] {
  const withDetails = detailsSegments(directory);
  // Asked again, after the details: a segment may have begun meanwhile.
  const allNow = new Set(segments(directory));
  // An empty one is left by a crash, or a full disk, between making the two files of a segment.
  const missing = withDetails.filter((segment) => !allNow.has(segment) && statSync(`${directory}/${detailsName(segment)}`).size > 0);
  return missing.map((segment) => ({
    kind: 'segment-missing',
    file: chainName(segment),
    text: `${detailsName(segment)} is there, but the chain file of that segment is not`,
  }));
}
