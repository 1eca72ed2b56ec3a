import type { OpenEntry } from '../archive/decrypt.js';
import type { Prover } from '../audit/proof/prover.js';
import type { ExportFormat } from './container.js';
import type { Problem } from './exhibit.js';
import type { FileFacts } from './hashed-file.js';
import type { ExportHead, ExportTotals } from './manifest.js';

export interface ExportRequest {
  /** Message ids. */
  readonly ids: readonly string[];
  readonly format: ExportFormat;
  readonly out: string;
  /** Replaces what is at `out`: a file, or a directory that an export made. */
  readonly force: boolean;
  readonly archive: string;
  /** Undefined where who exports may not read it: then nothing is known of a message but what is in it. */
  readonly audit: string | undefined;
  readonly open: OpenEntry | undefined;
  readonly asStored: boolean;
  /** Makes the proofs; undefined where there is no checkpoint to prove anything by. */
  readonly prover: Prover | undefined;
  readonly head: ExportHead;
}

export interface ExportReport {
  /** What was made, the export first. */
  readonly files: readonly string[];
  readonly totals: ExportTotals;
  readonly manifest: FileFacts;
  readonly problems: readonly Problem[];
}

export interface ExportWatcher {
  /** Told after each message. */
  progress(done: number, sizeBytes: number): void;
  /** Records the export; what it throws, undoes it. */
  record(report: Omit<ExportReport, 'files'>): Promise<void>;
}
