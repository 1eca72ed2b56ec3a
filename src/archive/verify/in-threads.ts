import { availableParallelism } from 'node:os';
import type { FilesResult, FilesTask } from './check-files.js';
import { Pool } from './pool.js';
import type { Run, TrailReport } from './report.js';
import type { SegmentResult, SegmentTask } from './scan-segment.js';
import type { SavedRuns } from './state.js';
import type { Progress } from './tally.js';
import { Verification, type VerifyOptions } from './verification.js';

export interface ThreadOptions {
  /** Threads; one per processor if not given. */
  readonly jobs?: number | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Where it is remembered how far the files have come, and what earlier runs found; undefined: nowhere. */
  readonly saved?: SavedRuns | undefined;
}

const saveEveryMs = 2000;

/** `verifyTrail` in several threads, as it is wanted: some files of all, or further from where an earlier run ended. */
export async function verifyInThreads(options: Omit<VerifyOptions, 'resume'>, more: ThreadOptions): Promise<TrailReport> {
  const { jobs = availableParallelism(), onProgress = () => {}, saved } = more;
  const from = new Date().toISOString();
  const verification = new Verification({ ...options, resume: saved?.soFar });
  const pool = new Pool(new URL('./thread.js', import.meta.url), jobs, verification.checkOptions);
  const runs = (): Run[] => [...(saved?.runs ?? []), { from, to: new Date().toISOString() }];
  // Where it was asked for, at once: whoever kills it early may go on too.
  const beganMs = performance.now();
  let savedMs = saved?.isAskedFor === true ? 0 : Date.now();
  try {
    await pool.run<SegmentTask, SegmentResult>(verification.segmentTasks(), (_, result) => {
      verification.addSegment(result);
      onProgress(verification.tally.now());
    });
    const trailMs = performance.now();
    saved?.requireSameTrail(verification.head, options.places.audit);
    await pool.run<FilesTask, FilesResult>(verification.filesTasks(), (task, result) => {
      verification.addFiles(task, result);
      onProgress(verification.tally.now());
      if (saved === undefined || Date.now() - savedMs < saveEveryMs) return;
      saved.save(verification.soFar(), { head: verification.head, runs: runs(), seed: options.sample?.seed });
      savedMs = Date.now();
    });
    const report = verification.report(runs());
    saved?.remove();
    const seconds = { trail: (trailMs - beganMs) / 1000, archive: (performance.now() - trailMs) / 1000 };
    return { ...report, seconds };
  } finally {
    verification.close();
    await pool.close();
  }
}
