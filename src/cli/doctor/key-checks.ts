import { statSync } from 'node:fs';
import type { Config } from '../../config/schema.js';
import { KeyDirectory, type KeyEntry } from '../../keys/key-directory.js';
import { matchesAddress } from '../../policy/address-pattern.js';
import { type Finding, fail, faultFinding, noteThat, ok, warn } from './finding.js';

const dayMs = 86_400_000;
const soonDays = 30;
const mostListed = 20;

/** Every identity and certificate: whether it can be used, and for how long. */
export function keyChecks(config: Config, now: Date): Finding[] {
  const directory = new KeyDirectory(config.keys);
  try {
    directory.refresh();
    const entries = directory.entries(now);
    return [
      ...counts(entries, config),
      ...modeChecks(config.keys),
      ...listed(entries.flatMap((entry) => entryFindings(entry, now))),
      ...senderNotes(entries, config),
      ...unusedNotes(directory),
    ];
  } catch (error) {
    return [faultFinding('keys', error)];
  }
}

function counts(entries: readonly KeyEntry[], { keys, protect, rules }: Config): Finding[] {
  const signing = entries.filter(({ uses }) => uses.includes('sign')).length;
  const encrypting = entries.filter(({ uses }) => uses.includes('encrypt')).length;
  const signs = protect.sign !== 'none' || rules.some((rule) => rule.protect?.sign !== undefined && rule.protect.sign !== 'none');
  if (signs && signing === 0)
    return [
      fail(
        'keys',
        `there is no usable identity in ${keys}, so no mail can be signed`,
        "Put a sender's <address>.p12 there, or <address>.pem and <address>.crt.",
      ),
    ];
  return [ok('keys', `${signing} can sign, ${encrypting} can be encrypted to`)];
}

function modeChecks(directory: string): Finding[] {
  if ((statSync(directory).mode & 0o077) === 0) return [];
  return [noteThat('keys', `others may look into ${directory}`, `If nobody needs to: chmod 700 ${directory}`)];
}

/** An identity that cannot be used stops a sender's mail; a recipient's certificate stops what goes to that one address. */
function entryFindings({ address, kind, notAfter, fault, ignored, capabilitiesFault }: KeyEntry, now: Date): Finding[] {
  const findings: Finding[] = [];
  if (fault !== undefined) findings.push(faultFinding('keys', fault, kind === 'identity' ? 'error' : 'warning'));
  else if (notAfter !== undefined && notAfter.getTime() - now.getTime() < soonDays * dayMs) {
    const days = Math.floor((notAfter.getTime() - now.getTime()) / dayMs);
    const whose = kind === 'identity' ? 'identity' : 'certificate';
    findings.push(
      warn('keys', `the ${whose} of ${address} expires in ${days} days`, 'Put the next one in its place; it counts without a restart.'),
    );
  }
  if (capabilitiesFault !== undefined) findings.push(faultFinding('keys', capabilitiesFault, 'warning'));
  if (ignored.length > 0)
    findings.push(
      warn('keys', `for ${address} other files take precedence over ${ignored.join(', ')}`, 'Remove those that are not wanted.'),
    );
  return findings;
}

function listed(findings: readonly Finding[]): Finding[] {
  const order = ['error', 'warning', 'note', 'ok'];
  const sorted = [...findings].sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
  if (sorted.length <= mostListed) return sorted;
  const rest = sorted.slice(mostListed);
  const level = rest.some((finding) => finding.level === 'error') ? 'error' : 'warning';
  return [
    ...sorted.slice(0, mostListed),
    { level, topic: 'keys', text: `and ${rest.length} more like these`, cure: '"sealdrop keys check" lists them all.' },
  ];
}

function senderNotes(entries: readonly KeyEntry[], { senders }: Config): Finding[] {
  if (senders === null) return [];
  const unbound = entries
    .filter(({ kind, address }) => kind === 'identity' && !senders.some(({ pattern }) => matchesAddress(pattern, address)))
    .map(({ address }) => address);
  if (unbound.length === 0) return [];
  const named = `${unbound.slice(0, 5).join(', ')}${unbound.length > 5 ? ` and ${unbound.length - 5} more` : ''}`;
  return [noteThat('senders', `no line of senders: covers ${named}: nobody can send as them`)];
}

function unusedNotes(directory: KeyDirectory): Finding[] {
  const unused = directory.unusedFiles();
  if (unused.length === 0) return [];
  return [
    noteThat(
      'keys',
      `not named after an address, so not used: ${unused.slice(0, 5).join(', ')}`,
      'Name it <address>.p12, .pem or .crt, or move it away.',
    ),
  ];
}
