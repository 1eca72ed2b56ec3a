import type { CheckpointChecks } from '../audit/checkpoint-verify.js';
import type { SecondPlace } from './second.js';
import { FileChecker } from './verify/check-files.js';
import type { TrailReport } from './verify/report.js';
import { scanSegment } from './verify/scan-segment.js';
import { Verification, type VerifyOptions } from './verify/verification.js';

/** What else is verified with the trail, where there is such a thing. */
export interface FurtherPlaces {
  /** The second location, against archive and trail. */
  readonly second?: SecondPlace | undefined;
  /** The chain, against its checkpoints. */
  readonly checkpoints?: CheckpointChecks | undefined;
  /** Open encrypted entries. */
  readonly keys?: VerifyOptions['keys'];
}

/**
 * Verifies chain, details and archive against each other, both ways, and the signatures: every record is whole and committed to, every
 * original that a record says is archived is there unchanged and is what was signed, and every file in the archive has its record; the second
 * location, if there is one, is compared with both. Needs
 * nothing of the daemon and may run beside it. All in this thread; see verify/in-threads.ts for more.
 */
export function verifyTrail(
  audit: string,
  archive: string,
  work: string,
  { second, checkpoints, keys = [] }: FurtherPlaces = {},
): TrailReport {
  const from = new Date().toISOString();
  const verification = new Verification({ places: { audit, archive, work, second }, signatures: true, checkpoints, keys });
  for (const task of verification.segmentTasks()) verification.addSegment(scanSegment(task));
  const checker = new FileChecker(verification.checkOptions);
  try {
    for (const task of verification.filesTasks()) verification.addFiles(task, checker.check(task));
  } finally {
    checker.close();
    verification.close();
  }
  return verification.report([{ from, to: new Date().toISOString() }]);
}
