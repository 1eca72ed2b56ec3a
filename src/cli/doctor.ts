import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { exitCodes } from '../daemon/exit-code.js';
import { spoolLayout } from '../spool/layout.js';
import { deliveryChecks } from './doctor/delivery-checks.js';
import { type Finding, ok } from './doctor/finding.js';
import { hostChecks } from './doctor/host-checks.js';
import { keyChecks } from './doctor/key-checks.js';
import { spoolChecks } from './doctor/spool-checks.js';
import { print, printJson } from './output.js';

export function doctorCommand(ended: (exitCode: number) => void): Command {
  return new Command('doctor')
    .description('Check the installation: configuration, spool, keys, the way to the MTA, the host. Each finding comes with its cure.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', '\nRun it as the user sealdrop runs as. It changes nothing. Exit 0 if there is no error, 78 otherwise.')
    .action(async (options: { config: string; json?: boolean }) => ended(await doctor(options.config, options.json === true)));
}

async function doctor(configPath: string, json: boolean): Promise<number> {
  const config = loadConfig(configPath);
  const layout = spoolLayout(config.spool);
  const now = new Date();
  const findings: Finding[] = [
    ok('configuration', `${configPath} is valid`),
    ...spoolChecks(config, layout),
    ...keyChecks(config, now),
    ...(await deliveryChecks(config)),
    ...(await hostChecks(config, layout, now)),
  ];
  if (json) printJson(findings);
  else for (const finding of findings) printFinding(finding);
  const errors = findings.filter(({ level }) => level === 'error').length;
  if (!json) print(errors === 0 ? '\nNo errors.' : `\n${errors} error${errors === 1 ? '' : 's'}.`);
  return errors === 0 ? exitCodes.ok : exitCodes.configuration;
}

const marks = { ok: ['ok     ', 32], note: ['note   ', 36], warning: ['warning', 33], error: ['ERROR  ', 31] } as const;

function printFinding({ level, topic, text, cure }: Finding): void {
  const [word, colour] = marks[level];
  const coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const mark = coloured ? `\u001b[${colour}m${word}\u001b[0m` : word;
  print(`${mark}  ${topic.padEnd(13)}  ${text}`);
  if (cure !== undefined) print(`                          ${cure}`);
}
