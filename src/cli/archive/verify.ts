import { Command } from 'commander';
import { verify } from '../audit/verify.js';

export function archiveVerify(ended: (exitCode: number) => void): Command {
  return new Command('verify')
    .description('Check archive and audit trail against each other, both ways (the same as "sealdrop audit verify").')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print the report as JSON')
    .action(async (options: { config: string; json?: boolean }) => ended(await verify(options)));
}
