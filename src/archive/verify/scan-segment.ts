import { LineNotes, type NotedLines } from '../../audit/checkpoint/replay.js';
import { chainName } from '../../audit/files.js';
import type { Finding } from '../../audit/finding.js';
import { type SegmentReport, type VerifiedRecord, verifySegment } from '../../audit/verify-segment.js';
import { claimOf, formOf, isForged } from './claim.js';
import { type DestroyedClaim, destroyedClaimOf } from './destroyed.js';
import { RowWriter } from './rows.js';

export interface SegmentTask {
  readonly kind: 'segment';
  readonly audit: string;
  readonly segment: string;
  /** In the order of the chain, from 0. */
  readonly number: number;
  readonly newest: boolean;
  /** Note what checkpoints are compared with. */
  readonly notes: boolean;
}

export interface SegmentResult {
  readonly report: SegmentReport;
  /** What its records say of the archive, see rows.ts. */
  readonly rows: Uint8Array<ArrayBuffer>;
  readonly notes: NotedLines | undefined;
  /** Of messages that were destroyed. */
  readonly destroyed: readonly DestroyedClaim[];
}

/** Verifies one segment of the trail and gathers what it says of the archive. */
export function scanSegment({ audit, segment, number, newest, notes: wantsNotes }: SegmentTask): SegmentResult {
  const rows = new RowWriter();
  const destroyed: DestroyedClaim[] = [];
  const forged: Finding[] = [];
  /** Rows that wait for the record that archives them; most find it in the same segment. */
  const accepted = new Map<string, number>();
  const notes = wantsNotes ? new LineNotes() : undefined;
  const onLine = notes === undefined ? undefined : (line: Buffer) => notes.line(line);
  const report = verifySegment(audit, segment, { newest, onLine }, (verified) => {
    notes?.record(verified);
    if (isForged(verified)) {
      forged.push(forgedRecord(segment, verified.record.seq));
      return;
    }
    const gone = destroyedClaimOf(verified);
    if (gone !== undefined) destroyed.push(gone);
    const claim = claimOf(verified);
    if (claim === undefined) return;
    const { id } = claim;
    if (claim.kind === 'accepted') {
      accepted.set(id, rows.add({ id, kind: 'accepted', sha256: claim.sha256 }));
      return;
    }
    const { facts } = claim;
    const more = {
      form: facts === undefined ? undefined : formOf(facts.file, id),
      second: facts?.second ?? false,
      place: placeOf(verified, number),
    };
    const known = accepted.get(id);
    accepted.delete(id);
    if (known !== undefined) rows.archive(known, more);
    else rows.add({ id, kind: 'archived', ...more });
    if (facts === undefined) return;
    const { stored, kept, second } = facts;
    if (stored !== undefined) rows.add({ id, kind: 'stored', sha256: stored });
    for (const { number, file, sha256 } of kept)
      rows.add({ id, kind: 'kept', number, form: file.slice(file.indexOf('.eml') + 4), sha256, second });
  });
  return { report: { ...report, findings: [...report.findings, ...forged] }, rows: rows.take(), notes: notes?.take(), destroyed };
}

function forgedRecord(segment: string, seq: number): Finding {
  return {
    kind: 'record-altered',
    file: chainName(segment),
    text: `record ${seq} says of the archive what sealdrop never writes: somebody wrote the chain anew`,
  };
}

/** Where the detail of an intent is found again; other records say nothing of signatures. */
function placeOf({ record, found }: VerifiedRecord, segment: number) {
  return record.event === 'intent' && found.kind === 'detail' ? { ...found.place, segment } : undefined;
}
