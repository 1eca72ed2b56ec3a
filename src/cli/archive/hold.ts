import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { queryWords } from '../../policy/retention/query.js';
import { note, print, printJson } from '../output.js';
import { type QueryOptions, queryHelp, queryOf, withQueryOptions } from './query-options.js';
import { carryOut, openRetentionSite } from './retention-site.js';

interface HoldOptions extends QueryOptions {
  readonly config: string;
  readonly reason: string;
  readonly by?: string;
  readonly json?: boolean;
}

export function archiveHold(): Command {
  const command = new Command('hold')
    .description('Place a legal hold: what it is about is not destroyed until it is released, now and in the future.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .requiredOption('--reason <text>', 'why; kept in the audit trail')
    .option('--by <name>', 'who ordered it; the user who gives the command is recorded either way')
    .option('--everything', 'all messages, also those to come');
  return withQueryOptions(command)
    .option('--json', 'print the hold as JSON')
    .addHelpText(
      'after',
      `${queryHelp}\n\nExample: sealdrop archive hold -c FILE --reason "case 4711" --address "*@bank.example" --since 2024-01-01`,
    )
    .action(hold);
}

async function hold(options: HoldOptions): Promise<void> {
  const query = queryOf(options);
  const site = openRetentionSite(options.config, options.by);
  // Short enough to be said; the date tells old ones apart at a glance.
  const name = `H${new Date().toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(3).toString('hex')}`;
  await carryOut(site, { kind: 'hold', hold: name, query, reason: options.reason, by: site.by });
  if (options.json === true) printJson({ hold: name, query, reason: options.reason, by: site.by });
  else {
    print(name);
    note(`Held until "sealdrop archive release ${name}": ${queryWords(query)}.`);
  }
}
