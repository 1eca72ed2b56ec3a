import type { Config } from '../../config/schema.js';
import { ruleWords } from '../../policy/retention/rules.js';
import { type Finding, noteThat, ok, warn } from './finding.js';

/** What becomes of archived mail in the end: nobody should learn in ten years that it was kept for ever, or that it was not. */
export function retentionChecks({ archive: { retention, purge } }: Config): Finding[] {
  if (retention === null) {
    const findings = [
      noteThat(
        'archive',
        'no retention is set: originals are kept for ever',
        'Plan the disk for it, or set archive.retention if the law or a policy says for how long; see docs/retention.md.',
      ),
    ];
    if (purge.schedule === null) return findings;
    return [
      ...findings,
      warn('archive', 'archive.purge has a schedule, and nothing is ever due', 'Set archive.retention, or the schedule to off.'),
    ];
  }
  const rules = retention.map(ruleWords).join('; ');
  const isForEvery = retention.some(({ when }) => Object.keys(when).length === 0);
  const how = purge.schedule === null ? 'purged by hand ("sealdrop archive purge")' : 'purged by the daemon, daily';
  return [
    ok('archive', `originals are kept ${rules}; then ${how}`),
    ...(isForEvery ? [] : [noteThat('archive', 'what no rule of archive.retention matches is kept for ever')]),
  ];
}
