import { SealdropError } from '../errors.js';
import type { PlainValue } from './document.js';
import type { SmtpConfig } from './schema.js';
import { readSecret } from './secrets.js';

/** Names of the environment variables that override `delivery.smtp`, by the setting they override. */
const OVERRIDES = { host: 'SMTP_HOST', port: 'SMTP_PORT', user: 'SMTP_USER' } as const;

/**
 * The file's values with `delivery.smtp` overridden from the environment. An empty variable counts as not set.
 * Throws `environment-invalid` (fatal).
 */
export function withSmtpEnvironment(value: PlainValue, environment: NodeJS.ProcessEnv): PlainValue {
  const overrides = overridesFrom(environment);
  if (Object.keys(overrides).length === 0) return value;
  const top = asMap(value ?? {});
  const delivery = asMap(top?.delivery ?? {});
  const smtp = asMap(delivery?.smtp ?? {});
  // Without a section and without a host, a port alone says nothing. What is not a map is the schema's to refuse.
  if (top === undefined || delivery === undefined || smtp === undefined) return value;
  if (delivery.smtp === undefined && overrides.host === undefined) return value;
  return { ...top, delivery: { ...delivery, smtp: { ...smtp, ...overrides } } };
}

/** The password to log in with, from SMTP_PASSWORD, else `passwordFile`, else the systemd credential `smtp-password`. Throws as `readSecret` does. */
export function smtpPassword(smtp: SmtpConfig, environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.SMTP_PASSWORD) return environment.SMTP_PASSWORD;
  return readSecret('smtp-password', { file: smtp.passwordFile, credentialsDirectory: environment.CREDENTIALS_DIRECTORY });
}

function overridesFrom(environment: NodeJS.ProcessEnv): { host?: string; port?: number; user?: string } {
  const overrides: { host?: string; port?: number; user?: string } = {};
  const host = environment[OVERRIDES.host];
  if (host && !/^[a-z0-9._:-]{1,255}$/i.test(host)) throw invalid('SMTP_HOST', 'is not a host name or IP address', 'mail.example.com');
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
