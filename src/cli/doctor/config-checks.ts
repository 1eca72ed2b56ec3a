import { accessSync, constants, statSync } from 'node:fs';
import type { Config } from '../../config/schema.js';
import { isUserOrGroup } from '../unix-names.js';
import { type Finding, fail, noteThat, ok, warn } from './finding.js';

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** What the configuration says that is valid and still deserves a second look. */
export function configChecks(config: Config, path: string): Finding[] {
  return [...fileChecks(path), ...senderChecks(config), ...policyChecks(config), ...pageChecks(config)];
}

function fileChecks(path: string): Finding[] {
  if ((statSync(path).mode & 0o002) !== 0)
    return [fail('config', `every user may change ${path}, and with it who gets mail unencrypted`, `Run "chmod o-w ${path}".`)];
  try {
    accessSync(path, constants.R_OK);
    return [ok('config', `${path} is valid`)];
  } catch {
    return [
      fail('config', `${path} is valid, but the user sealdrop runs as may not read it`, `Run "chmod a+r ${path}"; it holds no secret.`),
    ];
  }
}

function senderChecks({ senders }: Config): Finding[] {
  if (senders === null) return [];
  const unknown = [...new Set(senders.flatMap(({ allowed }) => allowed))].filter((name) => !/^\d+$/.test(name) && !isUserOrGroup(name));
  if (unknown.length === 0) return [ok('senders', 'every user and group named under senders: exists')];
  return [
    warn('senders', `senders: names nobody of this machine with ${unknown.join(', ')}`, 'Correct the names, or make the users or groups.'),
  ];
}

function policyChecks({ protect }: Config): Finding[] {
  const findings: Finding[] = [];
  if (protect.encrypt !== 'required') {
    const what = protect.encrypt === 'none' ? 'mail is not encrypted' : 'mail to a recipient who has no certificate goes in clear';
    findings.push(noteThat('policy', `by default ${what} (protect.encrypt: ${protect.encrypt})`));
  }
  return findings;
}

function pageChecks({ http }: Config): Finding[] {
  if (http.listen === null || loopback.test(http.listen.host)) return [];
  const { host, port } = http.listen;
  return [
    warn(
      'http',
      `the health page is open to other machines (${host}:${port})`,
      `Set http.listen to 127.0.0.1:${port}, and a proxy before it.`,
    ),
  ];
}
