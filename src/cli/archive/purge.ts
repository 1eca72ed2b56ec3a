import { Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../daemon/exit-code.js';
import { type DestroyReport, preview } from '../../daemon/retention/engine.js';
import { holdsIn } from '../../daemon/retention/holds.js';
import { summaries } from '../../daemon/retention/trail-summary.js';
import { count, note, print, printJson } from '../output.js';
import { factsOf, printFacts } from './destroy-facts.js';
import { carryOut, openRetentionSite, showProgress } from './retention-site.js';

interface PurgeOptions {
  readonly config: string;
  readonly confirm?: number;
  readonly confirmClock?: boolean;
  readonly by?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

export function archivePurge(ended: (exitCode: number) => void): Command {
  return new Command('purge')
    .description('Say what is past its retention and under no hold; with --confirm, destroy it.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--confirm <count>', 'destroy; the number that the dry run said', wholeNumber)
    .option('--confirm-clock', 'the clock is right, although the audit trail shows a jump; recorded')
    .option('--by <name>', 'who ordered it; the user who gives the command is recorded either way')
    .option('--list', 'list each message')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', help)
    .action(async (options: PurgeOptions) => ended(await purge(options)));
}

const help = `
Without --confirm nothing is changed. Each message is recorded in the audit trail
as purged before anything of it is destroyed: the original and its copies in all
archives, and what the details of the audit trail say of it. A purge that was
interrupted goes on at the next start of the daemon, or at the next purge.

Example: sealdrop archive purge -c FILE            # 118 messages would be destroyed
         sealdrop archive purge -c FILE --confirm 118`;

async function purge({ config, confirm, confirmClock = false, by, list = false, json = false }: PurgeOptions): Promise<number> {
  const site = openRetentionSite(config, by);
  if (site.options.rules === null) note('archive.retention is not set: originals are kept for ever.');
  if (confirm !== undefined) {
    const report = (await carryOut(site, { kind: 'purge', by: site.by, confirm, confirmClock })) as DestroyReport;
    sayDestroyed(report, json);
    return exitCodes.ok;
  }
  const { audit, archive, cache } = site.options.places;
  const selection = preview(site.options, { kind: 'purge' }, new Date(), showProgress);
  const facts = factsOf(selection, archive, holdsIn(audit, summaries(audit, cache)), list);
  if (json) printJson(facts);
  else printFacts(facts);
  if (facts.messages > 0) note(`Destroy them with --confirm ${facts.messages}.`);
  return exitCodes.ok;
}

export function sayDestroyed(report: DestroyReport, json: boolean): void {
  if (json) {
    printJson(report);
    return;
  }
  const { recorded, destroyed, held, retained } = report;
  if (held > 0) print(`${held} held`);
  if (retained > 0) print(`${retained} to be kept by a rule of retention`);
  for (const id of report.underWay) print(`not touched, under way or held in the queue: ${id}`);
  print(
    `${count(recorded, 'message')} destroyed: ${count(destroyed.files, 'file')}, details of ${count(destroyed.detailLines, 'audit record')}`,
  );
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is the number that the dry run said.');
  return Number(text);
}
