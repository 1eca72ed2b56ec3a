import type { AnchorReport } from '../../audit/anchor/compare.js';
import { type TrailReport, verdictOn } from './report.js';

export interface AnchoredReport extends TrailReport {
  readonly anchors: readonly AnchorReport[];
}

/** The report with what anchors say: where they all agree, the trail is complete up to the highest record that one of them holds. */
export function anchoredReport(report: TrailReport, anchors: readonly AnchorReport[]): AnchoredReport {
  const findings = [...report.findings, ...anchors.flatMap((anchor) => anchor.findings)];
  const [highest] = [...anchors].sort((a, b) => b.upTo - a.upTo);
  const complete = findings.length === 0 && highest !== undefined && highest.upTo > 0;
  const verdict = complete ? `consistent, complete up to record ${highest.upTo} (anchor ${highest.anchor})` : verdictOn(findings);
  return { ...report, findings, verdict, anchors };
}
