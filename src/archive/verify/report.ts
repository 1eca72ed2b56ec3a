import type { ChainReport } from '../../audit/chain-of-segments.js';
import type { Finding } from '../../audit/finding.js';
import type { Proofs } from './check-files.js';

export interface TrailReport extends ChainReport {
  /** Originals that were read and compared with what was recorded of them. */
  readonly archived: number;
  /** Octets of all files that were read. */
  readonly sizeBytes: number;
  /** What became of proving that the originals are what was signed; undefined if only hashes were compared. */
  readonly signatures?: Proofs;
  readonly sample?: SampleReport;
  /** Days that were looked at, where not all were; UTC, inclusive. */
  readonly range?: { readonly since: string | undefined; readonly until: string | undefined };
  /** When this was found out: more than one if the verification was resumed. */
  readonly runs: readonly Run[];
  /** How long the trail took in this run, and the archive. */
  readonly seconds?: { readonly trail: number; readonly archive: number };
  readonly verdict: string;
}

export interface Run {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
}

export interface SampleReport {
  readonly seed: string;
  readonly originals: number;
  readonly of: number;
  /** What it says of the rest, as a sentence. */
  readonly implies: string;
}

export function verdictOn({ length }: readonly Finding[]): string {
  if (length === 0) return 'consistent, completeness not proven';
  return `inconsistent: ${length} finding${length === 1 ? '' : 's'}`;
}
