import { statSync } from 'node:fs';
import type { CheckpointReport } from './checkpoint-verify.js';
import { chainName, detailsName, detailsSegments, segments } from './files.js';
import type { Finding } from './finding.js';
import { beginningFindings, clockNotes, linkFindings } from './links.js';
import { type ChainRecord, firstPrev } from './record.js';
import type { SegmentReport } from './verify-segment.js';

export interface ChainReport {
  readonly records: number;
  readonly erasedDetails: number;
  readonly head: { readonly seq: number; readonly hash: string };
  /** The newest file ends in bytes that were never acknowledged: being written now, or left by a crash (start-up cuts them back). */
  readonly unfinishedTail: boolean;
  readonly findings: readonly Finding[];
  /** What is no fault, and is told all the same: small steps of the clock. */
  readonly notes: readonly Finding[];
  /** Undefined if they were not asked about. */
  readonly checkpoints: CheckpointReport | undefined;
}

/** Joins the reports of all segments, which are added in the order of the chain. */
export class ChainOfSegments {
  private readonly findings: Finding[] = [];
  private readonly notes: Finding[] = [];
  private previous: ChainRecord | 'unknown' | undefined;
  private records = 0;
  private erasedDetails = 0;
  private unfinishedTail = false;

  add({ segment, records, erasedDetails, first, last, unfinishedTail, findings, notes }: SegmentReport): void {
    const file = chainName(segment);
    if (first !== undefined && this.previous === undefined) this.findings.push(...beginningFindings(first, file));
    if (first !== undefined && this.previous !== undefined && this.previous !== 'unknown') {
      this.findings.push(...linkFindings(this.previous, first, { file, opens: true }));
      this.notes.push(...clockNotes(this.previous, first, file));
    }
    this.findings.push(...findings);
    this.notes.push(...notes);
    this.previous = last ?? this.previous;
    this.records += records;
    this.erasedDetails += erasedDetails;
    this.unfinishedTail = unfinishedTail;
  }

  /** The last record so far; number 0 if there is none, or it is altered. */
  get head(): ChainReport['head'] {
    const { previous } = this;
    return previous === undefined || previous === 'unknown' ? { seq: 0, hash: firstPrev } : { seq: previous.seq, hash: previous.hash };
  }

  /** After the last one. */
  report(directory: string, checkpoints: CheckpointReport | undefined): ChainReport {
    const { records, erasedDetails, unfinishedTail, head, notes } = this;
    const findings = [...this.findings, ...chainsMissing(directory), ...(checkpoints?.findings ?? [])];
    return { records, erasedDetails, head, unfinishedTail, findings, notes, checkpoints };
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
