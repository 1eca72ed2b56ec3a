import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { SealdropError } from '../errors.js';
import { spoolLayout } from '../spool/layout.js';
import { anchorChecks } from './doctor/anchor-checks.js';
import { archiveChecks } from './doctor/archive-checks.js';
import { checkpointChecks } from './doctor/checkpoint-checks.js';
import { configChecks } from './doctor/config-checks.js';
import { daemonChecks } from './doctor/daemon-checks.js';
import { deliveryChecks } from './doctor/delivery-checks.js';
import { diskChecks } from './doctor/disk-checks.js';
import { dutiesChecks } from './doctor/duties-checks.js';
import { type Finding, fail } from './doctor/finding.js';
import { hostChecks } from './doctor/host-checks.js';
import { keyChecks } from './doctor/key-checks.js';
import { outboxChecks } from './doctor/outbox-checks.js';
import { powerMtaChecks, readPowerMtaConfig } from './doctor/powermta-checks.js';
import { retentionChecks } from './doctor/retention-checks.js';
import { spoolChecks } from './doctor/spool-checks.js';
import { becomeServiceUser } from './doctor/user-checks.js';
import { wayChecks } from './doctor/way-checks.js';
import { print, printJson } from './output.js';
import { type Colours, coloursFor, widthOf, wrapped } from './terminal.js';

export function doctorCommand(ended: (exitCode: number) => void): Command {
  return new Command('doctor')
    .description('Check the installation: configuration, spool, keys, the way to the MTA, the machine. Each finding with its cure.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--powermta <file>', "PowerMTA's configuration, /etc/pmta/config by default")
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', help)
    .action(async (options: DoctorOptions) => ended(await doctor(options)));
}

interface DoctorOptions {
  readonly config: string;
  readonly powermta?: string;
  readonly json?: boolean;
}

const help = `
Nothing is changed and no mail is sent; the rename into the pickup directory is
tried with an empty directory, and the SMTP server is logged in to. Run as root
it looks at everything as the user to whom the spool belongs. Where mail goes
into PowerMTA's pickup directory, PowerMTA's configuration is read too, with all
that it includes; often only root may.

Exit codes: 0 no errors (there may be warnings), 78 errors.`;

async function doctor({ config: configPath, powermta, json = false }: DoctorOptions): Promise<number> {
  const findings = await findingsOf(configPath, powermta);
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (json) printJson({ config: configPath, errors, warnings, findings });
  else {
    const colour = coloursFor(process.stdout);
    for (const finding of findings) for (const line of findingLines(finding, colour)) print(line);
    const verdict = errors + warnings === 0 ? 'All is well.' : `${plural(errors, 'error')}, ${plural(warnings, 'warning')}.`;
    print(`\n${errors > 0 ? colour.red(verdict) : verdict}`);
  }
  return errors === 0 ? exitCodes.ok : exitCodes.configuration;
}

async function findingsOf(configPath: string, powermta: string | undefined): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(configPath);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    const { message, cure } = error;
    return message.split('\n').map((line) => fail('config', line, cure));
  }
  const layout = spoolLayout(config.spool);
  const now = new Date();
  const powerMta = readPowerMtaConfig(powermta);
  return [
    ...becomeServiceUser(layout.root),
    ...configChecks(config, configPath),
    ...spoolChecks(config, layout),
    ...(await archiveChecks(config, layout, now)),
    ...(await diskChecks(config, layout, now)),
    ...dutiesChecks(config, layout, configPath),
    ...retentionChecks(config),
    ...outboxChecks(config, layout),
    ...keyChecks(config, now),
    ...checkpointChecks(config, layout, now),
    ...(await deliveryChecks(config, now)),
    ...wayChecks(config),
    ...powerMtaChecks(powerMta, config),
    ...hostChecks(config, layout, now),
    ...anchorChecks(config, layout, now),
    ...(await daemonChecks(layout)),
  ];
}

function findingLines({ level, topic, text, cure }: Finding, colour: Colours): string[] {
  const paint = { ok: colour.green, note: colour.dim, warning: colour.yellow, error: colour.red }[level];
  const indent = ' '.repeat(18);
  const width = widthOf(process.stdout);
  const [first = '', ...more] = wrapped(text, `${level.padEnd(7)}  ${topic.padEnd(7)}  `, indent, width);
  return [
    paint(first.slice(0, level.length)) + first.slice(level.length),
    ...more,
    ...(cure === undefined ? [] : wrapped(cure, `${indent}→ `, `${indent}  `, width)),
  ];
}

function plural(count: number, thing: string): string {
  return `${count === 0 ? 'no' : count} ${thing}${count === 1 ? '' : 's'}`;
}
