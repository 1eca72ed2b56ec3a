import { statSync } from 'node:fs';
import { type CheckpointChecks, type CheckpointReport, CheckpointVerifier } from './checkpoint-verify.js';
import { chainName, detailsName, detailsSegments, segments } from './files.js';
import type { Finding } from './finding.js';
import { beginningFindings, clockNotes, linkFindings } from './links.js';
import { type ChainRecord, firstPrev } from './record.js';
import { type SegmentReport, type VerifiedRecord, verifySegment } from './verify-segment.js';

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

/**
 * Checks the chain, and the details against it, both ways. Reads everything once; memory does not grow with the number of records.
 * What it cannot see is a tail cut off in both files: without a hash held elsewhere, completeness is not proven.
 */
export function verifyChain(directory: string, each: (verified: VerifiedRecord) => void, checks?: CheckpointChecks): ChainReport {
  // Listed before the chain is read: what a checkpoint covers was there before it.
  const checkpoints = checks === undefined ? undefined : new CheckpointVerifier(directory, checks);
  const all = segments(directory);
  const chain = new ChainOfSegments();
  const onLine = checkpoints === undefined ? undefined : (bytes: Buffer) => checkpoints.line(bytes);
  for (const segment of all) {
    const report = verifySegment(directory, segment, { newest: segment === all.at(-1), onLine }, (verified) => {
      checkpoints?.record(verified);
      each(verified);
    });
    chain.add(report);
  }
  return chain.report(directory, checkpoints?.finish());
}

/** Joins the reports of all segments, which are added in the order of the chain. */
class ChainOfSegments {
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

  /** After the last one. */
  report(directory: string, checkpoints: CheckpointReport | undefined): ChainReport {
    const { records, erasedDetails, unfinishedTail } = this;
    const head = this.previous === undefined || this.previous === 'unknown' ? { seq: 0, hash: firstPrev } : this.previous;
    const findings = [...this.findings, ...chainsMissing(directory), ...(checkpoints?.findings ?? [])];
    return { records, erasedDetails, head: { seq: head.seq, hash: head.hash }, unfinishedTail, findings, notes: this.notes, checkpoints };
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
