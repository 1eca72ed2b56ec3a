import { accessSync, constants, statSync } from 'node:fs';
import { kumomtaPassword } from '../../config/environment.js';
import type { Config, KumomtaConfig } from '../../config/schema.js';
import { openSparkpost } from '../../daemon/outgoing/open-ways.js';
import { diskFault } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { type Finding, faultFinding, noteThat, ok, warn } from './finding.js';

type CheckedWay = 'sparkpost' | 'sendmail' | 'kumomta';

/** What can be seen of the further ways without sending anything: their secrets and programs. A server is not asked. */
export function wayChecks(config: Config): Finding[] {
  const { sparkpost, sendmail, kumomta } = config.delivery;
  const findings: Finding[] = [];
  if (sparkpost !== undefined) {
    const there = () => void openSparkpost(sparkpost, process.env);
    findings.push(...checked('sparkpost', config, there, `an API key for ${sparkpost.host} is there; it was not tried`));
  }
  if (sendmail !== undefined) {
    findings.push(...checked('sendmail', config, () => executable(sendmail.program), `${sendmail.program} can be run`));
  }
  if (kumomta !== undefined) {
    const there = () => void kumomtaPassword(kumomta, process.env);
    const seen = checked('kumomta', config, there, `${kumomta.url} is configured; it was not tried`);
    findings.push(...seen, ...(seen[0]?.level === 'ok' ? missedPassword(kumomta) : []));
  }
  return findings;
}

function checked(way: CheckedWay, config: Config, check: () => void, found: string): Finding[] {
  const used = isUsed(way, config);
  try {
    check();
  } catch (error) {
    return [faultFinding(way, error, used ? 'error' : 'warning')];
  }
  const unused = noteThat(way, `delivery.${way} is configured, and neither delivery.via nor delivery.fallback nor a rule uses it`);
  return [ok(way, found), ...(used ? [] : [unused])];
}

function missedPassword(kumomta: KumomtaConfig): Finding[] {
  if (kumomta.user === undefined || kumomtaPassword(kumomta, process.env) !== undefined) return [];
  const cure = 'Name a file with it in delivery.kumomta.passwordFile, or give the credential kumomta-password.';
  return [warn('kumomta', 'delivery.kumomta has a user and no password', cure)];
}

function isUsed(way: CheckedWay, { delivery, rules }: Config): boolean {
  return delivery.via === way || delivery.fallback === way || rules.some((rule) => rule.delivery?.via === way);
}

function executable(program: string): void {
  try {
    if (!statSync(program).isFile()) throw notAFile(program);
    accessSync(program, constants.X_OK);
  } catch (error) {
    throw error instanceof SealdropError ? error : diskFault(error, 'execute', program);
  }
}

function notAFile(program: string): SealdropError {
  return new SealdropError('sendmail-unavailable', `${program} is not a file`, {
    disposition: 'wait',
    cure: 'Name the MTA’s sendmail program in delivery.sendmail.program.',
  });
}
