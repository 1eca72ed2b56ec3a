import type { AnchoredReport } from '../../archive/verify/anchored.js';
import type { TrailReport } from '../../archive/verify/report.js';
import { printable } from '../../delivery/printable.js';
import { anchorNotes } from '../audit/anchors.js';
import { note, print, printJson } from '../output.js';
import { checkpointsText } from './checkpoints.js';

/**
 * Findings and verdict to standard output, what was done to standard error.
 * Names of files and what they hold may come from whoever altered them: nothing of it is to steer the terminal.
 */
export function printReport(report: AnchoredReport, json: boolean): void {
  if (json) {
    printJson(report);
    return;
  }
  for (const { kind, file, text } of report.findings) print(printable(`${kind}  ${file}: ${text}`));
  if (report.unfinishedTail)
    note('The newest file ends in an unfinished record: it is being written, or a crash left it (the next start cuts it back).');
  for (const { file, text } of report.notes) note(printable(`${file}: ${text}`));
  if (report.checkpoints !== undefined) note(checkpointsText(report.checkpoints));
  for (const text of anchorNotes(report.anchors)) note(printable(text));
  for (const line of factsOf(report)) note(printable(line));
  print(report.verdict);
}

/** What was looked at, a sentence a line. */
function factsOf(report: TrailReport): string[] {
  const { records, archived, head, signatures, sample, range, runs } = report;
  return [
    `${records} records, ${archived} archived originals compared, head ${head.seq} ${head.hash}`,
    ...(signatures === undefined ? [] : [`Signatures: ${proofsText(signatures)}`]),
    ...(range === undefined ? [] : [`Days of the archive looked at: ${range.since ?? 'the first'} to ${range.until ?? 'the last'}`]),
    ...(sample === undefined
      ? []
      : [`A sample of ${sample.originals} of ${sample.of} originals, seed "${sample.seed}": ${sample.implies}`]),
    ...(runs.length > 1
      ? [
          `Put together from ${runs.length} runs: ${runs.map(({ from, to }) => `${from} to ${to}`).join('; ')}. What an earlier run compared was not compared again.`,
        ]
      : []),
  ];
}

const proofWords = {
  proven: 'proven',
  notSent: 'never sent',
  notSigned: 'not signed',
  notKept: 'not kept',
  notRecomputable: 'not recomputable',
  noKey: 'no key for encrypted entry',
  failed: 'failed',
} as const;

function proofsText(proofs: NonNullable<TrailReport['signatures']>): string {
  return Object.entries(proofWords)
    .map(([outcome, words]) => ({ words, count: proofs[outcome as keyof typeof proofWords] }))
    .filter(({ words, count }) => count > 0 || words === 'proven')
    .map(({ words, count }) => `${count} ${words}`)
    .join(', ');
}
