import type { ConfigFinding } from './finding.js';
import { booleanOf, lastOf, type Section } from './tree.js';

/**
 * Whether what PowerMTA has taken survives a power cut. The directives stand in the configuration it is installed with; their comments
 * there say what is at stake, the User's Guide 5.0 does not name them.
 */
export function durabilityFindings(root: Section): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const create = lastOf([root], 'sync-msg-create');
  if (create !== undefined && booleanOf(create) === false)
    findings.push({
      level: 'warning',
      at: create.at,
      text: 'sync-msg-create is off: PowerMTA takes a file out of pickup before its own copy is on the disk, and a power cut loses that mail',
      cure: 'Write "sync-msg-create true", if mail must not be lost; PowerMTA takes mail more slowly then.',
    });
  const update = lastOf([root], 'sync-msg-update');
  if (update !== undefined && booleanOf(update) === false)
    findings.push({
      level: 'note',
      at: update.at,
      text: 'sync-msg-update is off: after a power cut PowerMTA may deliver again to recipients it has served',
      cure: 'Write "sync-msg-update true", if that matters.',
    });
  return findings;
}
