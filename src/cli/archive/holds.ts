import { Command } from 'commander';
import { type Hold, holdsIn } from '../../daemon/retention/holds.js';
import { summaries } from '../../daemon/retention/trail-summary.js';
import { printable } from '../../delivery/printable.js';
import { queryWords } from '../../policy/retention/query.js';
import { note, print, printJson } from '../output.js';
import { openRetentionSite } from './retention-site.js';

export function archiveHolds(): Command {
  return new Command('holds')
    .description('List the legal holds in force, as the audit trail tells them.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample: sealdrop archive holds -c FILE')
    .action(({ config, json }: { config: string; json?: boolean }) => {
      const { audit, cache } = openRetentionSite(config, undefined).options.places;
      const holds = holdsIn(audit, summaries(audit, cache));
      if (json === true) printJson(holds);
      else show(holds);
    });
}

function show(holds: readonly Hold[]): void {
  if (holds.length === 0) note('There are no holds.');
  for (const { hold, query, reason, by, placed } of holds) {
    print(printable(`${hold}  ${placed}  ${by.user}${by.name === undefined ? '' : ` (${by.name})`}`));
    print(`    ${printable(queryWords(query))}`);
    print(`    ${printable(reason)}`);
  }
}
