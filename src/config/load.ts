import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SealdropError } from '../errors.js';
import { faultsAcrossKeys } from './cross-checks.js';
import { readDocument } from './document.js';
import { withEnvironment } from './environment.js';
import type { ConfigFault } from './fault.js';
import { type Config, configSchema } from './schema.js';
import { faultAt, issueFaults, NO_WORDS } from './wording.js';

export type CheckedConfig = { readonly config: Config } | { readonly faults: readonly ConfigFault[] };

const SMTP_FILES = ['passwordFile', 'tokenFile', 'ca', 'clientCertificate', 'clientKey'] as const;
const MOST_FAULTS_SHOWN = 50;

/**
 * Reads the configuration at `path`, with every default filled in, relative paths resolved against its directory, and
 * `delivery` overridden by SMTP_HOST, SMTP_PORT, SMTP_USER, SPARKPOST_HOST and SPARKPOST_API_KEY. Throws SealdropError (fatal): config-unreadable,
 * environment-invalid, or config-invalid, whose message has a line `file:line: key: what is wrong; what to do` for every fault.
 */
export function loadConfig(path: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const checked = checkConfig(readConfigFile(path), path, environment);
  if ('config' in checked) return checked.config;
  const lines = checked.faults.slice(0, MOST_FAULTS_SHOWN).map(({ line, key, text }) => `${path}:${line}: ${key}: ${text}`);
  if (checked.faults.length > MOST_FAULTS_SHOWN) lines.push(`… and ${checked.faults.length - MOST_FAULTS_SHOWN} more`);
  throw new SealdropError('config-invalid', lines.join('\n'), {
    disposition: 'fatal',
    cure: 'Correct the lines named; the file that "sealdrop init" writes explains every key.',
  });
}

/** As `loadConfig`, for bytes that were read from `path`, and with the faults one by one, in the order of their lines. */
export function checkConfig(bytes: Buffer, path: string, environment: NodeJS.ProcessEnv): CheckedConfig {
  const document = readDocument(bytes);
  if (document.value === undefined) return { faults: document.faults };
  const directory = dirname(resolve(path));
  const value = withEnvironment(document.value ?? {}, environment);
  const parsed = configSchema.safeParse(value, NO_WORDS);
  const faults = [
    ...document.faults,
    ...(parsed.error?.issues ?? []).flatMap((issue) => issueFaults(issue, document, value)),
    ...faultsAcrossKeys(value, directory).map((fault) => faultAt(fault.path, fault.text, document)),
  ];
  if (parsed.success && faults.length === 0) return { config: withAbsolutePaths(parsed.data, directory) };
  return { faults: faults.sort((a, b) => a.line - b.line) };
}

function readConfigFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw new SealdropError('config-unreadable', `The configuration ${path} cannot be read (${reason}).`, {
      disposition: 'fatal',
      cure: 'Name the configuration with "-c FILE", or make one with "sealdrop init DIR".',
      cause,
    });
  }
}

function withAbsolutePaths(config: Config, directory: string): Config {
  const absolute = (path: string) => resolve(directory, path);
  const { pickup, smtp, sparkpost, sendmail, kumomta } = config.delivery;
  const delivery: Config['delivery'] = { ...config.delivery };
  if (pickup !== undefined) {
    delivery.pickup = { ...pickup, directory: absolute(pickup.directory), staging: absolute(pickup.staging), bad: absolute(pickup.bad) };
  }
  if (smtp !== undefined) {
    delivery.smtp = { ...smtp };
    for (const key of SMTP_FILES) {
      const file = smtp[key];
      if (file !== undefined) delivery.smtp[key] = absolute(file);
    }
  }
  if (sparkpost?.apiKeyFile !== undefined) delivery.sparkpost = { ...sparkpost, apiKeyFile: absolute(sparkpost.apiKeyFile) };
  if (sendmail !== undefined) delivery.sendmail = { ...sendmail, program: absolute(sendmail.program) };
  if (kumomta?.passwordFile !== undefined) delivery.kumomta = { ...kumomta, passwordFile: absolute(kumomta.passwordFile) };
  const { encryptTo, second } = config.archive;
  const archive = { ...config.archive, encryptTo: encryptTo.map(absolute), second: second === null ? null : absolute(second) };
  return {
    ...config,
    spool: absolute(config.spool),
    keys: absolute(config.keys),
    delivery,
    archive,
    audit: withAbsoluteAudit(config.audit, absolute),
  };
}

function withAbsoluteAudit(audit: Config['audit'], absolute: (path: string) => string): Config['audit'] {
  const { identity, timestamp, second, forward } = audit;
  const absoluteOrNull = (path: string | null) => (path === null ? null : absolute(path));
  return {
    ...audit,
    identity: absoluteOrNull(identity),
    ...(timestamp === undefined ? {} : { timestamp: { ...timestamp, ca: absolute(timestamp.ca), tlsCa: absoluteOrNull(timestamp.tlsCa) } }),
    second: absoluteOrNull(second),
    forward: { ...forward, syslog: forward.syslog.map((item) => withAbsoluteTls(item, absolute)), file: absoluteOrNull(forward.file) },
  };
}

function withAbsoluteTls<Item extends Config['audit']['forward']['syslog'][number]>(item: Item, absolute: (path: string) => string): Item {
  const made = { ...item };
  for (const key of ['ca', 'clientCertificate', 'clientKey'] as const) {
    const file = item[key];
    if (file !== undefined) made[key] = absolute(file);
  }
  return made;
}
