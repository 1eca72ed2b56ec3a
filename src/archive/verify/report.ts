import type { Finding } from '../../audit/finding.js';
import type { ChainReport } from '../../audit/verify.js';

export interface TrailReport extends ChainReport {
  readonly archived: number;
  readonly verdict: string;
}

/** What chain and archive gave, as one report. */
export function trailReport(chain: ChainReport, { findings, archived }: { findings: readonly Finding[]; archived: number }): TrailReport {
  const all = [...chain.findings, ...findings];
  return { ...chain, findings: all, archived, verdict: verdictOn(all) };
}

export function verdictOn({ length }: readonly Finding[]): string {
  if (length === 0) return 'consistent, completeness not proven';
  return `inconsistent: ${length} finding${length === 1 ? '' : 's'}`;
}
