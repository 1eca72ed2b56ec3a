import { contentFindings } from './content.js';
import { dkimFindings } from './dkim.js';
import { durabilityFindings } from './durability.js';
import type { ConfigExpectation, ConfigFinding } from './finding.js';
import { pickupFindings } from './pickup-directive.js';
import { sourceFindings } from './source.js';
import type { ConfigTree } from './tree.js';

/** What in a PowerMTA configuration keeps mail that sealdrop puts into its pickup directory from arriving as it was sealed. */
export function checkConfig({ root, problems }: ConfigTree, expected: ConfigExpectation): ConfigFinding[] {
  return [
    ...problems.map((problem): ConfigFinding => ({ level: 'warning', ...problem })),
    ...pickupFindings(root, expected),
    ...sourceFindings(root, expected),
    ...contentFindings(root),
    ...durabilityFindings(root),
    ...dkimFindings(root, expected),
  ];
}
