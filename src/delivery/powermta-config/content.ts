import type { ConfigFinding } from './finding.js';
import { everywhere, type Section } from './tree.js';

/** Directives that change messages in such a way that recipients cannot verify or open them. */
export function contentFindings(root: Section): ConfigFinding[] {
  return [...trackingFindings(root), ...removedHeaders(root)];
}

/** Built in since 5.0r4: rewrites the links of HTML parts and adds a picture. */
function trackingFindings(root: Section): ConfigFinding[] {
  return everywhere(root, 'engagement-tracking')
    .filter(({ directive }) => !/^(?:no|false|none|off)?$/i.test(directive.value))
    .map(({ directive, section }) => ({
      level: 'warning',
      at: directive.at,
      text: `engagement tracking is on${place(section)}: it rewrites HTML, which breaks the signature of mail that is signed and not encrypted`,
      cure: 'Remove it, or see that it does not cover the virtual MTAs that sealed mail goes through.',
    }));
}

/** Without them no program knows that there is something to open. */
function removedHeaders(root: Section): ConfigFinding[] {
  return everywhere(root, 'remove-header').flatMap(({ directive, section }) => {
    const needed = directive.value
      .split(',')
      .map((name) => name.trim().replace(/^"|"$/g, ''))
      .filter((name) => /^(?:mime-version|content-.*)$/i.test(name));
    if (needed.length === 0) return [];
    const text = `remove-header takes ${needed.join(', ')} off${place(section)}, and without it recipients cannot open sealed mail`;
    return [{ level: 'error', at: directive.at, text, cure: `Take ${needed.join(', ')} out of the list.` }];
  });
}

function place({ name, argument }: Section): string {
  return name === '' ? '' : ` in <${`${name} ${argument}`.trim()}>`;
}
