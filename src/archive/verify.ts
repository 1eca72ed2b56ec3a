import type { CheckpointChecks } from '../audit/checkpoint-verify.js';
import { verifyChain } from '../audit/verify.js';
import type { VerifiedRecord } from '../audit/verify-segment.js';
import type { SecondPlace } from './second.js';
import { compareBothWays } from './verify/both-ways.js';
import { claimOf } from './verify/claim.js';
import { ExpectedArchive } from './verify/expected.js';
import { type TrailReport, trailReport } from './verify/report.js';

/** What else is verified with the trail, where there is such a thing. */
export interface FurtherPlaces {
  /** The second location, against archive and trail. */
  readonly second?: SecondPlace | undefined;
  /** The chain, against its checkpoints. */
  readonly checkpoints?: CheckpointChecks | undefined;
}

/**
 * Verifies chain, details and archive against each other, both ways: every record is whole and committed to, every original that a record
 * says is archived is there unchanged, and every file in the archive has its record. Needs nothing of the daemon and may run beside it.
 */
export function verifyTrail(
  auditDirectory: string,
  archiveDirectory: string,
  workDirectory: string,
  { second, checkpoints }: FurtherPlaces = {},
): TrailReport {
  const expected = new ExpectedArchive();
  const add = (verified: VerifiedRecord) => {
    const claim = claimOf(verified);
    if (claim !== undefined) expected.add(claim);
  };
  const chain = verifyChain(auditDirectory, add, checkpoints);
  return trailReport(chain, compareBothWays(expected, { audit: auditDirectory, archive: archiveDirectory, work: workDirectory, second }));
}
