import { Command } from 'commander';
import { exitCodes } from '../../daemon/exit-code.js';
import { type DestroyReport, preview } from '../../daemon/retention/engine.js';
import { holdsIn } from '../../daemon/retention/holds.js';
import { summaries } from '../../daemon/retention/trail-summary.js';
import { idsUnderWay } from '../../daemon/retention/under-way.js';
import { SealdropError } from '../../errors.js';
import { count, note, printJson } from '../output.js';
import { factsOf, printFacts } from './destroy-facts.js';
import { sayDestroyed, wholeNumber } from './purge.js';
import { type QueryOptions, queryHelp, queryOf, withQueryOptions } from './query-options.js';
import { carryOut, openRetentionSite, showProgress } from './retention-site.js';

interface EraseOptions extends QueryOptions {
  readonly config: string;
  readonly basis: string;
  readonly confirm?: number;
  readonly confirmClock?: boolean;
  readonly despiteRetention?: boolean;
  readonly by?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

export function archiveErase(ended: (exitCode: number) => void): Command {
  const command = new Command('erase')
    .description('Say which messages an erasure that somebody asks for (GDPR Art. 17) would destroy; with --confirm, destroy them.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .requiredOption('--basis <text>', 'on what ground; kept in the audit trail for ever, so without personal data');
  return withQueryOptions(command)
    .option('--confirm <count>', 'destroy; the number that the dry run said', wholeNumber)
    .option('--despite-retention', 'also what a rule of archive.retention says is to be kept; recorded')
    .option('--confirm-clock', 'the clock is right, although the audit trail shows a jump; recorded')
    .option('--by <name>', 'who ordered it; the user who gives the command is recorded either way')
    .option('--list', 'list each message')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', `${queryHelp}${help}`)
    .action(async (options: EraseOptions) => ended(await erase(options)));
}

const help = `

What is under a legal hold is never erased. A message is erased as a whole, also
where only one of its recipients was asked for. Messages in work, retry and
quarantine are named and not touched: decide about them with "sealdrop queue".

Example: sealdrop archive erase -c FILE --address jane@client.example --basis "request 2026-17"

Exit codes: 0 done, 65 something that was asked for was not destroyed.`;

async function erase(options: EraseOptions): Promise<number> {
  const { basis, confirm, confirmClock = false, despiteRetention = false, list = false, json = false } = options;
  const query = queryOf(options);
  const site = openRetentionSite(options.config, options.by);
  const { audit, archive, cache } = site.options.places;
  if (confirm !== undefined) {
    const request = { kind: 'erase', query, basis, despiteRetention, by: site.by, confirm, confirmClock } as const;
    const report = (await carryOut(site, request)) as DestroyReport;
    sayDestroyed(report, json);
    return report.held + report.retained + report.underWay.length + report.unreadable.length > 0 ? exitCodes.badMessage : exitCodes.ok;
  }
  const selection = preview(site.options, { kind: 'erase', query, despiteRetention }, new Date(), showProgress);
  const facts = factsOf(selection, archive, holdsIn(audit, summaries(audit, cache)), list);
  requireSomething(facts.messages + facts.held.messages + facts.retained.messages + facts.underWay.length + facts.unreadable.length);
  if (json) printJson(facts);
  else printFacts(facts);
  const queued = idsUnderWay(site.layout).size;
  if (queued > 0) note(`Not looked through: ${count(queued, 'message')} under way or held; see "sealdrop queue list".`);
  if (facts.messages > 0) note(`Destroy them with --confirm ${facts.messages}.`);
  return exitCodes.ok;
}

function requireSomething(found: number): void {
  if (found > 0) return;
  throw new SealdropError('no-such-message', 'the archive has no message of which this is true', {
    disposition: 'fatal',
    cure: 'Look for it with "sealdrop archive find"; what is purged or erased already is not found any more.',
  });
}
