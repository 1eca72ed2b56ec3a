import { readdirSync, statSync } from 'node:fs';
import type { Config, SmtpConfig } from '../../config/schema.js';
import { smtpOptions } from '../../daemon/outgoing/open-smtp.js';
import { checkPickup } from '../../delivery/pickup/directory.js';
import type { SmtpOptions } from '../../delivery/smtp/options.js';
import { SmtpDelivery } from '../../delivery/smtp/smtp.js';
import { SealdropError } from '../../errors.js';
import { type Finding, faultFinding, noteThat, ok, warn } from './finding.js';

type PickupConfig = NonNullable<Config['delivery']['pickup']>;

const slowMs = 10 * 60_000;
const openMs = 10_000;
const fewFiles = 1000;

/** The way to the MTA, tried. */
export async function deliveryChecks(config: Config, now: Date): Promise<Finding[]> {
  const { pickup, smtp } = config.delivery;
  return [
    ...(pickup === undefined ? [] : pickupChecks(pickup, config, now)),
    ...(smtp === undefined ? [] : await smtpChecks(smtp, usesSmtp(config))),
  ];
}

function pickupChecks({ directory, staging, bad }: PickupConfig, { allowVolatile }: Config, now: Date): Finding[] {
  try {
    const facts = checkPickup({ directory, staging, bad, allowVolatile });
    const inMemory = warn(
      'pickup',
      'staging or pickup keeps its files in memory: a power cut loses mail',
      'Use a disk; allowVolatile is for trials.',
    );
    return [
      ok('pickup', `a file can be renamed from ${staging} into ${directory}`),
      ...(facts.volatile ? [inMemory] : []),
      ...leftBehind(directory, bad, now),
    ];
  } catch (error) {
    const fault = faultFinding('pickup', error);
    if (!(error instanceof SealdropError) || error.code !== 'directory-missing') return [fault];
    return [{ ...fault, cure: 'Make or mount it, or correct delivery.pickup in the configuration.' }];
  }
}

/** What lies in pickup for long the MTA does not take; what lies in the bad directory it has refused. */
function leftBehind(directory: string, bad: string, now: Date): Finding[] {
  const slow = filesIn(directory).filter((path) => now.getTime() - changedMs(path, now) > slowMs).length;
  const refused = filesIn(bad).length;
  const findings: Finding[] = [];
  if (slow > 0) {
    const text = `${filesText(slow)} ${slow === 1 ? 'has' : 'have'} been lying in ${directory} for over ten minutes`;
    findings.push(warn('pickup', text, 'See that the MTA runs and that its pickup is switched on for this directory.'));
  }
  if (refused > 0) {
    const cure =
      'A running daemon holds its own within seconds ("sealdrop queue list"). What stays is of another spool, or may not be read or removed: its log says which.';
    findings.push(warn('pickup', `the MTA has refused ${filesText(refused)}: see ${bad}`, cure));
  }
  return findings;
}

/** At most so many that a full directory does not hold us up. */
function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.eml'))
    .slice(0, fewFiles)
    .map((name) => `${directory}/${name}`);
}

function filesText(count: number): string {
  return count === 1 ? '1 file' : `${count}${count === fewFiles ? ' or more' : ''} files`;
}

function changedMs(path: string, now: Date): number {
  try {
    return statSync(path).ctimeMs;
  } catch {
    return now.getTime(); // The MTA has just taken it.
  }
}

function usesSmtp({ delivery, rules }: Config): boolean {
  return delivery.via === 'smtp' || delivery.fallback === 'smtp' || rules.some((rule) => rule.delivery?.via === 'smtp');
}

/** Each server is tried by itself: that another one would serve does not mend it. */
async function smtpChecks(smtp: SmtpConfig, used: boolean): Promise<Finding[]> {
  const level = used ? 'error' : 'warning';
  let options: SmtpOptions;
  try {
    options = smtpOptions(smtp, process.env);
  } catch (error) {
    return [faultFinding('smtp', error, level)];
  }
  const findings: Finding[] = [];
  for (const server of options.servers) findings.push(await serverCheck({ ...options, servers: [server] }, level));
  if (!used)
    findings.push(noteThat('smtp', 'delivery.smtp is configured, and neither delivery.via nor delivery.fallback nor a rule uses it'));
  return findings;
}

async function serverCheck(options: SmtpOptions, level: 'error' | 'warning'): Promise<Finding> {
  const delivery = new SmtpDelivery({ ...options, connections: 1, timeouts: { ...options.timeouts, openMs } });
  try {
    const { host, port, secure } = await delivery.open();
    return ok('smtp', `${host}:${port} lets us in, ${secure ? 'under TLS' : 'without TLS'}`);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return faultFinding('smtp', error, level);
  } finally {
    await delivery.close();
  }
}
