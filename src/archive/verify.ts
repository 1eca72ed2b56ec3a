import { verifyChain } from '../audit/verify.js';
import type { SecondPlace } from './second.js';
import { compareBothWays } from './verify/both-ways.js';
import { claimOf } from './verify/claim.js';
import { ExpectedArchive } from './verify/expected.js';
import { type TrailReport, trailReport } from './verify/report.js';

/**
 * Verifies chain, details and archive against each other, both ways: every record is whole and committed to, every original that a record
 * says is archived is there unchanged, and every file in the archive has its record; and the second location, if there is one, against both. Needs nothing of the daemon and may run beside it.
 */
export function verifyTrail(
  auditDirectory: string,
  archiveDirectory: string,
  workDirectory: string,
  second: SecondPlace | undefined = undefined,
): TrailReport {
  const expected = new ExpectedArchive();
  const chain = verifyChain(auditDirectory, (verified) => {
    const claim = claimOf(verified);
    if (claim !== undefined) expected.add(claim);
  });
  return trailReport(chain, compareBothWays(expected, { audit: auditDirectory, archive: archiveDirectory, work: workDirectory, second }));
}
