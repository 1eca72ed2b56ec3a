import { Command } from 'commander';
import { verifyTrail } from '../../archive/verify.js';
import { loadConfig } from '../../config/load.js';
import { exitCodes } from '../../daemon/exit-code.js';
import { spoolLayout } from '../../spool/layout.js';
import { note, print, printJson } from '../output.js';

export function auditVerify(ended: (exitCode: number) => void): Command {
  return new Command('verify')
    .description('Check the chain, the details against it, and the archive against both, in both directions.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print the report as JSON')
    .action((options: { config: string; json?: boolean }) => ended(verify(options.config, options.json === true)));
}

export function verify(configPath: string, json: boolean): number {
  const { spool, archive } = loadConfig(configPath);
  const layout = spoolLayout(spool);
  const second = archive.second === null ? undefined : { directory: archive.second, memory: layout.secondFile };
  const report = verifyTrail(layout.audit, layout.archive, layout.work, second);
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
