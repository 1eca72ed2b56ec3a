import { Command } from 'commander';
import { holdsIn } from '../../daemon/retention/holds.js';
import { summaries } from '../../daemon/retention/trail-summary.js';
import { SealdropError } from '../../errors.js';
import { queryWords } from '../../policy/retention/query.js';
import { print } from '../output.js';
import { carryOut, openRetentionSite } from './retention-site.js';

interface ReleaseOptions {
  readonly config: string;
  readonly reason: string;
  readonly by?: string;
}

export function archiveRelease(): Command {
  return new Command('release')
    .description('Release a legal hold. What is past its retention can be purged from then on.')
    .argument('<hold>', 'as "archive holds" shows it')
    .requiredOption('-c, --config <file>', 'configuration file')
    .requiredOption('--reason <text>', 'why; kept in the audit trail')
    .option('--by <name>', 'who ordered it')
    .addHelpText('after', '\nExample: sealdrop archive release H20261125-4fa1c0 -c FILE --reason "case 4711 closed"')
    .action(release);
}

async function release(hold: string, { config, reason, by }: ReleaseOptions): Promise<void> {
  const site = openRetentionSite(config, by);
  const { audit, cache } = site.options.places;
  const found = holdsIn(audit, summaries(audit, cache)).find((each) => each.hold === hold);
  if (found === undefined)
    throw new SealdropError('no-such-hold', `there is no hold ${hold} in force`, {
      disposition: 'fatal',
      cure: 'List them with "sealdrop archive holds".',
    });
  await carryOut(site, { kind: 'release', hold, reason, by: site.by });
  print(`${hold}  released: ${queryWords(found.query)}`);
}
