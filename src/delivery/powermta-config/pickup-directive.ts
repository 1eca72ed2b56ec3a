import type { ConfigExpectation, ConfigFinding } from './finding.js';
import { booleanOf, everywhere, type Section } from './tree.js';

/** `pickup` and what belongs to it (User's Guide 5.0, 3.3.1.34). */
export function pickupFindings(root: Section, expected: ConfigExpectation): ConfigFinding[] {
  const wanted = `pickup ${expected.directory} ${expected.bad}`;
  const [first, ...more] = everywhere(root, 'pickup').map(({ directive }) => directive);
  if (first === undefined) {
    const text = 'there is no pickup directive, so PowerMTA takes nothing out of a pickup directory';
    return [{ level: 'error', at: undefined, text, cure: `Add "${wanted}" and reload PowerMTA.` }];
  }
  const findings: ConfigFinding[] = more.map(({ at }) => ({
    level: 'error',
    at,
    text: 'there is more than one pickup directive, and PowerMTA supports one pickup directory',
    cure: `Leave one: "${wanted}".`,
  }));
  const [directory = '', bad] = first.words;
  if (more.length === 0 && !expected.same(directory, expected.directory))
    findings.push({
      level: 'error',
      at: first.at,
      text: `PowerMTA picks up from ${directory}, and sealdrop puts mail into ${expected.directory}`,
      cure: `Write "${wanted}", or change delivery.pickup.directory.`,
    });
  if (bad === undefined)
    findings.push({ level: 'error', at: first.at, text: 'the directory for refused files is missing', cure: `Write "${wanted}".` });
  else if (more.length === 0 && !expected.same(bad, expected.bad))
    findings.push({
      level: 'error',
      at: first.at,
      text: `PowerMTA puts what it refuses into ${bad}, and sealdrop looks for it in ${expected.bad}`,
      cure: `Write "${wanted}", or change delivery.pickup.bad.`,
    });
  return [...findings, ...dotFindings(root)];
}

/** Signed text must arrive as it was signed. sealdrop doubles no dots. */
function dotFindings(root: Section): ConfigFinding[] {
  const [found] = everywhere(root, 'pickup-remove-dot').slice(-1);
  if (found === undefined || booleanOf(found.directive) !== true) return [];
  const text = 'pickup-remove-dot takes a dot from each line that begins with two, which no file of sealdrop has doubled';
  return [{ level: 'warning', at: found.directive.at, text, cure: 'Remove it; other programs that double dots have to stop it.' }];
}
