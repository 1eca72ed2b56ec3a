import type { ConfigExpectation, ConfigFinding } from './finding.js';
import { booleanOf, type Directive, everywhere, type Section } from './tree.js';

/** `domain-key` for each sending domain, and `dkim-sign` (User's Guide 5.0, 3.3.1.33.1 and 10.6). Mail leaves without it, but unsigned. */
export function dkimFindings(root: Section, { senderDomains }: ConfigExpectation): ConfigFinding[] {
  const keys = everywhere(root, 'domain-key').map(({ directive }) => directive);
  const covered = (domain: string) => keys.some((key) => covers(key, domain));
  const missing = senderDomains.filter((domain) => !covered(domain));
  const findings: ConfigFinding[] = [];
  if (missing.length > 0) {
    const named = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`;
    findings.push({
      level: 'warning',
      at: keys.at(-1)?.at,
      text: `no domain-key is for ${named}: mail from there leaves without a DKIM signature`,
      cure: `Add "domain-key SELECTOR,${missing[0]},FILE".`,
    });
  }
  const [firstKey] = keys;
  if (firstKey !== undefined && !everywhere(root, 'dkim-sign').some(({ directive }) => booleanOf(directive) === true))
    findings.push({
      level: 'warning',
      at: firstKey.at,
      text: 'there are domain keys, and dkim-sign is on nowhere: mail leaves without a DKIM signature',
      cure: 'Add "dkim-sign yes" to <domain *>.',
    });
  return findings;
}

/** The first key whose domain is the sending domain's own, a parent of it, or `*`. */
function covers({ value }: Directive, domain: string): boolean {
  const [, keyDomain = ''] = value.split(',').map((part) => part.trim().toLowerCase());
  return keyDomain === '*' || keyDomain === domain || (keyDomain !== '' && domain.endsWith(`.${keyDomain}`));
}
