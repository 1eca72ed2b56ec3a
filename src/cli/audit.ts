import { Command } from 'commander';
import { verifyTrail } from '../archive/verify.js';
import { chainDays, chainName, detailsName } from '../audit/files.js';
import { groupsNaming } from '../audit/group.js';
import { linesOf } from '../audit/lines.js';
import { parseChainLine } from '../audit/record.js';
import { loadConfig } from '../config/load.js';
import { exitCodes } from '../daemon/exit-code.js';
import { spoolLayout } from '../spool/layout.js';
import { note, print, printJson } from './output.js';

export function auditCommand(ended: (exitCode: number) => void): Command {
  const audit = new Command('audit').description('The audit trail: list it, and prove it.');
  audit
    .command('list')
    .description('List records, oldest first.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--id <id>', 'only records of this message')
    .option('--json', 'print facts as JSON, one record a line')
    .action((options: { config: string; id?: string; json?: boolean }) =>
      list(spoolLayout(loadConfig(options.config).spool).audit, options),
    );
  audit
    .command('verify')
    .description('Check the chain, the details against it, and the archive against both, in both directions.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print the report as JSON')
    .action((options: { config: string; json?: boolean }) => ended(verify(options.config, options.json === true)));
  return audit;
}

function list(directory: string, { id, json }: { id?: string; json?: boolean }): void {
  for (const day of chainDays(directory)) {
    const groups = id === undefined ? undefined : groupsNaming(`${directory}/${detailsName(day)}`, id);
    for (const { text, complete } of linesOf(`${directory}/${chainName(day)}`)) {
      const parsed = parseChainLine(text);
      if (!complete || parsed.kind !== 'record') continue;
      if (id !== undefined && parsed.record.id !== id && groups?.has(parsed.record.seq) !== true) continue;
      const { seq, time, event, id: about, outcome, algorithms } = parsed.record;
      print(
        json === true
          ? JSON.stringify(parsed.record)
          : [seq, time, event, about, outcome, algorithms].filter((each) => each !== undefined).join('  '),
      );
    }
  }
}

export function verify(configPath: string, json: boolean): number {
  const layout = spoolLayout(loadConfig(configPath).spool);
  const report = verifyTrail(layout.audit, layout.archive, layout.work);
  if (json) printJson(report);
  else {
    for (const { kind, file, text } of report.findings) print(`${kind}  ${file}: ${text}`);
    if (report.unfinishedTail)
      note('The newest file ends in an unfinished record: it is being written, or a crash left it (the next start cuts it back).');
    note(`${report.records} records, ${report.archived} archived originals compared, head ${report.head.seq} ${report.head.hash}`);
    print(report.verdict);
  }
  return report.findings.length === 0 ? exitCodes.ok : exitCodes.badMessage;
}
