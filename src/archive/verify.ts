import { verifyChain } from '../audit/verify.js';
import { compareBothWays } from './verify/both-ways.js';
import { claimOf } from './verify/claim.js';
import { ExpectedArchive } from './verify/expected.js';
import { type TrailReport, trailReport } from './verify/report.js';

/**
 * Verifies chain, details and archive against each other, both ways: every record is whole and committed to, every original that a record
 * says is archived is there unchanged, and every file in the archive has its record. Needs nothing of the daemon and may run beside it.
 */
export function verifyTrail(auditDirectory: string, archiveDirectory: string, workDirectory: string): TrailReport {
  const expected = new ExpectedArchive();
  const chain = verifyChain(auditDirectory, (verified) => {
    const claim = claimOf(verified);
    if (claim !== undefined) expected.add(claim);
  });
  return trailReport(chain, compareBothWays(expected, { audit: auditDirectory, archive: archiveDirectory, work: workDirectory }));
}
