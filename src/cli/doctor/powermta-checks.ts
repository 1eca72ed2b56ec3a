import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.js';
import { type Account, accessFindings, type DirectoryFacts, runsAsRoot } from '../../delivery/powermta-config/access.js';
import { checkConfig } from '../../delivery/powermta-config/check.js';
import type { ConfigFinding } from '../../delivery/powermta-config/finding.js';
import { type ConfigTree, type IncludedFile, parseConfig, type Section } from '../../delivery/powermta-config/tree.js';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { KeyDirectory } from '../../keys/key-directory.js';
import { matchesGlob } from '../../policy/glob.js';
import { groupsOf, uidNamed } from '../unix-names.js';
import { type Finding, fail, noteThat, ok } from './finding.js';

type PickupConfig = NonNullable<Config['delivery']['pickup']>;

const STANDARD = '/etc/pmta/config';

/** PowerMTA's configuration as it was found, or why not. */
export interface PowerMtaConfig {
  readonly path: string;
  /** Named by the person who asks, not looked for by ourselves. */
  readonly named: boolean;
  readonly found: ConfigTree | { readonly fault: string };
}

/** Reads the file with all it includes; before root becomes somebody who may not. */
export function readPowerMtaConfig(given: string | undefined): PowerMtaConfig {
  const [path, named] = [given ?? STANDARD, given !== undefined];
  try {
    return { path, named, found: parseConfig(textOf(path), path, included) };
  } catch (error) {
    return { path, named, found: { fault: error instanceof Error ? error.message : String(error) } };
  }
}

/** Where the guide is silent: a relative path is taken from the file that includes it, and `*` is for names, not for directories. */
function included(path: string, from: string): IncludedFile[] {
  const full = resolve(dirname(from), path);
  const files = basename(full).includes('*') ? matching(full) : [full];
  return files.map((file) => ({ file, text: textOf(file) }));
}

function matching(pattern: string): string[] {
  const directory = dirname(pattern);
  return attempt(() => readdirSync(directory))
    .filter((name) => matchesGlob(basename(pattern), name))
    .sort()
    .map((name) => join(directory, name));
}

function textOf(path: string): string {
  return attempt(() => readFileSync(path, 'utf8'));
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Error(errnoOf(error) === 'ENOENT' ? 'it is not there' : `it cannot be read (${errnoOf(error) ?? String(error)})`);
  }
}

/** What PowerMTA is told about the pickup directory, held against what sealdrop is told. */
export function powerMtaChecks({ path, named, found }: PowerMtaConfig, config: Config): Finding[] {
  const { pickup } = config.delivery;
  if (pickup === undefined || (pickup.profile !== 'powermta' && !named)) {
    return named ? [noteThat('mta', `${path} was not looked at: delivery.pickup is not configured`)] : [];
  }
  if ('fault' in found) {
    const text = `PowerMTA's settings were not looked at: ${path}: ${found.fault}`;
    return [
      named
        ? fail('mta', text, 'Correct the path, or run doctor as root.')
        : noteThat('mta', text, 'If they are elsewhere, name the file with --powermta; if they cannot be read, run doctor as root.'),
    ];
  }
  const findings = [...checkConfig(found, expectation(pickup, config)), ...accessChecks(found.root, pickup)];
  return findings.length === 0 ? [ok('mta', `${path} fits what sealdrop does`)] : findings.map(asFinding);
}

function asFinding({ level, at, text, cure }: ConfigFinding): Finding {
  return { level, topic: 'mta', text: at === undefined ? text : `${at.file}:${at.line}: ${text}`, cure };
}

function expectation({ directory, bad, pass }: PickupConfig, config: Config) {
  const rules = config.rules.flatMap(({ delivery }) => [
    ...(delivery?.virtualMta === undefined ? [] : ['x-virtual-mta']),
    ...(delivery?.job === undefined ? [] : ['x-job']),
  ]);
  return {
    directory,
    bad,
    same: sameDirectory,
    headers: [...new Set(['x-envid', ...pass, ...rules])],
    senderDomains: senderDomains(config.keys),
    maxMessageBytes: config.outbox.maxMessageBytes,
  };
}

function sameDirectory(one: string, other: string): boolean {
  return real(one) === real(other);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Of those who have an identity. What is wrong with the key directory is said where it is looked at. */
function senderDomains(keys: string): string[] {
  const directory = new KeyDirectory(keys);
  try {
    directory.refresh();
    const identities = directory.entries(new Date()).filter(({ kind }) => kind === 'identity');
    return [...new Set(identities.map(({ address }) => address.slice(address.lastIndexOf('@') + 1).toLowerCase()))].sort();
  } catch (error) {
    if (error instanceof SealdropError) return [];
    throw error;
  }
}

function accessChecks(root: Section, { directory, staging, bad }: PickupConfig): ConfigFinding[] {
  if (runsAsRoot(root)) return [];
  const pmta = accountOf('pmta');
  if (pmta === undefined) {
    const text = 'PowerMTA runs as pmta (run-as-root), and there is no such user here';
    return [{ level: 'warning', at: undefined, text, cure: 'Run doctor where PowerMTA runs.' }];
  }
  const [pickupFacts, stagingFacts, badFacts] = [directory, staging, bad].map(factsOf);
  if (pickupFacts === undefined || stagingFacts === undefined || badFacts === undefined) return [];
  const sealdrop = { uid: process.geteuid?.() ?? 0, gids: [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])] };
  return accessFindings({ pmta, sealdrop, directory: pickupFacts, staging: stagingFacts, bad: badFacts });
}

function accountOf(user: string): Account | undefined {
  try {
    const uid = uidNamed(user);
    return { uid, gids: groupsOf(uid) };
  } catch (error) {
    if (error instanceof SealdropError) return undefined;
    throw error;
  }
}

function factsOf(path: string): DirectoryFacts | undefined {
  try {
    const { uid, gid, mode } = statSync(path);
    return { path, uid, gid, mode: mode & 0o7777 };
  } catch {
    return undefined; // Said where the way to the MTA is tried.
  }
}
