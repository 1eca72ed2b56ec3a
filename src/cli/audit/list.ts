import { Command } from 'commander';
import { chainName, detailsName, segments } from '../../audit/files.js';
import { groupsNaming } from '../../audit/group.js';
import { linesOf } from '../../audit/lines.js';
import { parseChainLine } from '../../audit/record.js';
import { loadConfig } from '../../config/load.js';
import { printable } from '../../delivery/printable.js';
import { spoolLayout } from '../../spool/layout.js';
import { print } from '../output.js';

interface ListOptions {
  readonly config: string;
  readonly id?: string;
  readonly json?: boolean;
}

export function auditList(): Command {
  return new Command('list')
    .description('List records, oldest first.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--id <id>', 'only records of this message')
    .option('--json', 'print facts as JSON, one record a line')
    .addHelpText(
      'after',
      `
Number, time, event, message id, outcome, algorithms. No addresses: "sealdrop
archive find" looks for those, "archive show ID --facts" tells all of one message.

Example:
  sealdrop audit list -c /etc/sealdrop/sealdrop.yaml --id 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7`,
    )
    .action((options: ListOptions) => list(spoolLayout(loadConfig(options.config).spool).audit, options));
}

function list(directory: string, { id, json }: ListOptions): void {
  for (const segment of segments(directory)) {
    const groups = id === undefined ? undefined : groupsNaming(`${directory}/${detailsName(segment)}`, id);
    for (const { text, complete } of linesOf(`${directory}/${chainName(segment)}`)) {
      const parsed = parseChainLine(text);
      if (!complete || parsed.kind !== 'record') continue;
      if (id !== undefined && parsed.record.id !== id && groups?.has(parsed.record.seq) !== true) continue;
      const { seq, time, event, id: about, outcome, algorithms } = parsed.record;
      print(
        json === true
          ? JSON.stringify(parsed.record)
          : printable([seq, time, event, about, outcome, algorithms].filter((each) => each !== undefined).join('  ')),
      );
    }
  }
}
