import { Command } from 'commander';
import { chainHead } from '../../audit/chain-head.js';
import { loadConfig } from '../../config/load.js';
import { SealdropError } from '../../errors.js';
import { spoolLayout } from '../../spool/layout.js';
import { print, printJson } from '../output.js';

export function auditHead(): Command {
  return new Command('head')
    .description('Print number and hash of the newest record, to be kept elsewhere. Reads the ends of files only.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print facts as JSON')
    .addHelpText(
      'after',
      `
The line is an anchor: "sealdrop audit verify --anchor" later shows whether the
record is still there.

Example:
  sealdrop audit head -c /etc/sealdrop/sealdrop.yaml | ssh auditor@elsewhere.example.com 'cat >> heads.txt'`,
    )
    .action((options: { config: string; json?: boolean }) =>
      head(spoolLayout(loadConfig(options.config).spool).audit, options.json === true),
    );
}

function head(directory: string, json: boolean): void {
  const found = chainHead(directory);
  if (found === undefined) {
    throw new SealdropError('audit-empty', `there is no record in ${directory}`, {
      disposition: 'fatal',
      cure: 'Start sealdrop: its start is the first record. If there was a trail, find out who removed it.',
    });
  }
  if (json) printJson(found);
  else print(`head ${found.seq} ${found.hash}`);
}
