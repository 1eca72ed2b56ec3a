import { hash } from 'node:crypto';
import { homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { anchoredReport } from '../../archive/verify/anchored.js';
import { verifyInThreads } from '../../archive/verify/in-threads.js';
import type { SampleSize } from '../../archive/verify/sampling.js';
import { SavedRuns } from '../../archive/verify/state.js';
import { loadConfig } from '../../config/load.js';
import { exitCodes } from '../../daemon/exit-code.js';
import { spoolLayout } from '../../spool/layout.js';
import { type AnchorOptions, compareWithAnchors } from '../audit/anchors.js';
import { keysIn } from '../open-keys.js';
import { type CheckpointArguments, checksFor } from './checkpoints.js';
import { printReport } from './print-report.js';
import { ProgressBar } from './progress-bar.js';

/** As the command line says them. */
export interface VerifyArguments extends CheckpointArguments, AnchorOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly jobs?: number;
  readonly key?: string;
  readonly hashesOnly?: boolean;
  readonly sample?: SampleSize;
  readonly seed?: string;
  readonly since?: string;
  readonly until?: string;
  readonly resume?: boolean;
  readonly state?: string;
  readonly fullSpeed?: boolean;
}

/** Verifies trail and archive, prints what was found, and returns the exit code. */
export async function verify(given: VerifyArguments): Promise<number> {
  const config = loadConfig(given.config);
  const layout = spoolLayout(config.spool);
  const { audit, archive, work, secondFile } = layout;
  const second = config.archive.second === null ? undefined : { directory: config.archive.second, memory: secondFile };
  // Mail goes on meanwhile. Threads started from here on have it too, and on Linux it counts for the disk as well (ioprio_set(2)).
  if (given.fullSpeed !== true) setPriority(niceness);
  const how = {
    places: { audit, archive, work, second },
    signatures: given.hashesOnly !== true,
    since: given.since,
    until: given.until,
  };
  const saved = savedRuns(given, { ...how, sample: given.sample });
  const sample = given.sample === undefined ? undefined : { size: given.sample, seed: given.seed ?? saved.seed ?? newSeed() };
  const keys = given.key === undefined ? [] : keysIn(given.key);
  const options = { ...how, sample, keys, checkpoints: checksFor(given, config, layout) };
  // Anchors first, for their faults show soon.
  const anchors = await compareWithAnchors(audit, given);
  const bar = new ProgressBar(process.stderr);
  try {
    const verified = await verifyInThreads(options, { jobs: given.jobs, onProgress: (progress) => bar.show(progress), saved });
    const report = anchoredReport(verified, anchors);
    bar.clear();
    printReport(report, given.json === true);
    return report.findings.length === 0 ? exitCodes.ok : exitCodes.badMessage;
  } catch (error) {
    bar.clear();
    throw error;
  }
}

const niceness = 10;

/** Not to be guessed by whoever might alter what is not looked at. */
function newSeed(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
}

/** Where it is remembered how far this verification has come: in a file of the caller's, one for each place and way to verify it. */
function savedRuns({ state, resume, seed }: VerifyArguments, how: object): SavedRuns {
  const about = JSON.stringify(how);
  const path = state ?? join(homedir(), '.local', 'state', 'sealdrop', `verify-${hash('sha256', about, 'hex').slice(0, 16)}.json`);
  return SavedRuns.open(path, { about, seed, resume: resume === true, mustBeSaved: state !== undefined || resume === true });
}
