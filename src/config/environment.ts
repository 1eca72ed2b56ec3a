import { SealdropError } from '../errors.js';
import type { PlainValue } from './document.js';
import { isApiHost, isHostName } from './kinds.js';
import type { KumomtaConfig, SmtpConfig, SparkpostConfig } from './schema.js';
import { readSecret } from './secrets.js';

/** Names of the environment variables that override `delivery.smtp`, by the setting they override. */
const OVERRIDES = { host: 'SMTP_HOST', port: 'SMTP_PORT', user: 'SMTP_USER' } as const;

/**
 * The file's values with `delivery.smtp` and `delivery.sparkpost` overridden from the environment. An empty variable counts as not set.
 * Throws `environment-invalid` (fatal).
 */
export function withEnvironment(value: PlainValue, environment: NodeJS.ProcessEnv): PlainValue {
  const smtp = overridesFrom(environment);
  // A host alone is given for every account, a key only to send by it.
  const sparkpost = sparkpostOverrides(environment);
  return overridden(
    overridden(value, 'smtp', smtp, smtp.host !== undefined),
    'sparkpost',
    sparkpost,
    Boolean(environment.SPARKPOST_API_KEY),
  );
}

/** `enough`: what the environment says makes a section by itself. What is not a map is the schema's to refuse. */
function overridden(value: PlainValue, section: string, overrides: { [key: string]: PlainValue }, enough: boolean): PlainValue {
  if (Object.keys(overrides).length === 0 && !enough) return value;
  const top = asMap(value ?? {});
  const delivery = asMap(top?.delivery ?? {});
  const known = asMap(delivery?.[section] ?? {});
  if (top === undefined || delivery === undefined || known === undefined) return value;
  if (delivery[section] === undefined && !enough) return value;
  // One server named by hand stands for a whole list of them.
  const { hosts: _hosts, ...single } = known;
  return { ...top, delivery: { ...delivery, [section]: { ...(overrides.host === undefined ? known : single), ...overrides } } };
}

/** The password to log in with, from SMTP_PASSWORD, else `passwordFile`, else the systemd credential `smtp-password`. Throws as `readSecret` does. */
export function smtpPassword(smtp: SmtpConfig, environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.SMTP_PASSWORD) return environment.SMTP_PASSWORD;
  return readSecret('smtp-password', { file: smtp.passwordFile, credentialsDirectory: environment.CREDENTIALS_DIRECTORY });
}

/** The API key, from SPARKPOST_API_KEY, else `apiKeyFile`, else the systemd credential `sparkpost-api-key`. Throws as `readSecret` does. It goes into an HTTP header as it is. */
export function sparkpostApiKey(sparkpost: SparkpostConfig, environment: NodeJS.ProcessEnv): string | undefined {
  const given = environment.SPARKPOST_API_KEY;
  if (given && !isOneWord(given)) throw invalid('SPARKPOST_API_KEY', 'is not one word of printable ASCII', 'the key alone');
  if (given) return given;
  const { apiKeyFile: file } = sparkpost;
  const key = readSecret('sparkpost-api-key', { file, credentialsDirectory: environment.CREDENTIALS_DIRECTORY });
  if (key === undefined || isOneWord(key)) return key;
  const place = file ?? 'the systemd credential sparkpost-api-key';
  throw new SealdropError('secret-invalid', `The API key in ${place} is not one word of printable ASCII.`, {
    disposition: 'fatal',
    cure: 'Put the key alone there, without blanks.',
  });
}

/** The password for `kumomta.user`, from `passwordFile`, else the systemd credential `kumomta-password`. Throws as `readSecret` does. */
export function kumomtaPassword(kumomta: KumomtaConfig, environment: NodeJS.ProcessEnv): string | undefined {
  return readSecret('kumomta-password', { file: kumomta.passwordFile, credentialsDirectory: environment.CREDENTIALS_DIRECTORY });
}

function isOneWord(key: string): boolean {
  return /^[!-~]+$/.test(key);
}

function sparkpostOverrides({ SPARKPOST_HOST: host }: NodeJS.ProcessEnv): { host?: string } {
  if (!host) return {};
  if (!isApiHost(host)) throw invalid('SPARKPOST_HOST', 'is not the name of an HTTPS host', 'api.eu.sparkpost.com');
  return { host };
}

function overridesFrom(environment: NodeJS.ProcessEnv): { host?: string; port?: number; user?: string } {
  const overrides: { host?: string; port?: number; user?: string } = {};
  const host = environment[OVERRIDES.host];
  if (host && !isHostName(host)) throw invalid('SMTP_HOST', 'is not a host name or IP address', 'mail.example.com');
  if (host) overrides.host = host;
  const port = environment[OVERRIDES.port];
  if (port && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw invalid('SMTP_PORT', 'is not a port number', '587');
  if (port) overrides.port = Number(port);
  if (environment[OVERRIDES.user]) overrides.user = environment[OVERRIDES.user] ?? '';
  return overrides;
}

function asMap(value: PlainValue): { [key: string]: PlainValue } | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function invalid(name: string, problem: string, example: string): SealdropError {
  return new SealdropError('environment-invalid', `The environment variable ${name} ${problem}.`, {
    disposition: 'fatal',
    cure: `Set ${name} to a value such as ${example}, or unset it.`,
  });
}
