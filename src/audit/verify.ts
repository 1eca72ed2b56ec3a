import { ChainOfSegments, type ChainReport } from './chain-of-segments.js';
import { type CheckpointChecks, CheckpointVerifier } from './checkpoint-verify.js';
import { segments } from './files.js';
import { leafHash } from './merkle.js';
import { type VerifiedRecord, verifySegment } from './verify-segment.js';

/**
 * Checks the chain, and the details against it, both ways. Reads everything once; memory does not grow with the number of records.
 * What it cannot see is a tail cut off in both files: without a hash held elsewhere, completeness is not proven.
 */
export function verifyChain(directory: string, each: (verified: VerifiedRecord) => void, checks?: CheckpointChecks): ChainReport {
  // Listed before the chain is read: what a checkpoint covers was there before it.
  const checkpoints = checks === undefined ? undefined : new CheckpointVerifier(directory, checks);
  const all = segments(directory);
  const chain = new ChainOfSegments();
  const onLine = checkpoints === undefined ? undefined : (bytes: Buffer) => checkpoints.leaf(leafHash(bytes));
  for (const segment of all) {
    const report = verifySegment(directory, segment, { newest: segment === all.at(-1), onLine }, (verified) => {
      checkpoints?.record(verified.facts);
      each(verified);
    });
    chain.add(report);
  }
  return chain.report(directory, checkpoints?.finish());
}
