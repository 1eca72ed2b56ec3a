import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smtpPassword, sparkpostApiKey } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load.js';
import type { SmtpConfig, SparkpostConfig } from '../../src/config/schema.js';
import { errorOf, PICKUP, temporaryDirectory, temporaryFile } from './write.js';

function smtp(text: string, environment: NodeJS.ProcessEnv): SmtpConfig | undefined {
  return loadConfig(temporaryFile('sealdrop.yaml', text), environment).delivery.smtp;
}

const SECTION = `${PICKUP}  smtp: { host: mail.example.com, port: 26, user: alice, connections: 2 }\n`;

describe('the environment', () => {
  it('overrides host, port and user, and leaves the rest', () => {
    expect(smtp(SECTION, { SMTP_HOST: 'mta.example.net', SMTP_PORT: '587', SMTP_USER: 'bob' })).toMatchObject({
      host: 'mta.example.net',
      port: 587,
      user: 'bob',
      connections: 2,
    });
  });

  it('stands for the whole list of hosts when it names one', () => {
    const list = `${PICKUP}  smtp: { hosts: [mx1.example.com, mx2.example.com], connections: 2 }\n`;
    expect(smtp(list, { SMTP_HOST: 'mta.example.net' })).toMatchObject({ host: 'mta.example.net', connections: 2 });
    expect(smtp(list, { SMTP_HOST: 'mta.example.net' })?.hosts).toBeUndefined();
    expect(smtp(list, { SMTP_PORT: '587' })).toMatchObject({
      hosts: [{ host: 'mx1.example.com' }, { host: 'mx2.example.com' }],
      port: 587,
    });
  });

  it('overrides nothing by empty variables', () => {
    expect(smtp(SECTION, { SMTP_HOST: '', SMTP_PORT: '', SMTP_USER: '' })).toMatchObject({
      host: 'mail.example.com',
      port: 26,
      user: 'alice',
    });
  });

  it('stands in for a missing section when it names a host', () => {
    expect(smtp('delivery: { via: smtp }\n', { SMTP_HOST: 'mta.example.net' })).toMatchObject({ host: 'mta.example.net', connections: 4 });
    expect(smtp(PICKUP, { SMTP_PORT: '587' })).toBeUndefined();
  });

  it.each([
    [{ SMTP_PORT: 'smtp' }, 'SMTP_PORT'],
    [{ SMTP_PORT: '65536' }, 'SMTP_PORT'],
    [{ SMTP_PORT: '0' }, 'SMTP_PORT'],
    [{ SMTP_HOST: 'user:hunter2@host' }, 'SMTP_HOST'],
    [{ SMTP_HOST: 'mail.example.com:587' }, 'SMTP_HOST'],
    [{ SPARKPOST_HOST: 'api.sparkpost.com:99999' }, 'SPARKPOST_HOST'],
  ])('is refused when it makes no sense: %j', (environment, name) => {
    const error = errorOf(() => smtp(SECTION, environment));
    expect(error).toMatchObject({ code: 'environment-invalid', disposition: 'fatal' });
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('hunter2');
  });

  it('does not get in the way of a fault in the file', () => {
    expect(errorOf(() => smtp('delivery: none\n', { SMTP_HOST: 'mta.example.net' })).message).toContain('delivery: must be a section');
  });

  it('never becomes a password in the configuration', () => {
    expect(JSON.stringify(loadConfig(temporaryFile('sealdrop.yaml', SECTION), { SMTP_PASSWORD: 'hunter2' }))).not.toContain('hunter2');
  });
});

describe('smtpPassword', () => {
  it('is SMTP_PASSWORD, else the file, else the credential, else none', () => {
    const section = smtp(SECTION, {}) as SmtpConfig;
    const passwordFile = temporaryFile('secret', 'from file\n');
    const credentials = temporaryDirectory();
    writeFileSync(join(credentials, 'smtp-password'), 'from systemd\n');
    const environment = { CREDENTIALS_DIRECTORY: credentials };
    expect(smtpPassword({ ...section, passwordFile }, { ...environment, SMTP_PASSWORD: 'from environment' })).toBe('from environment');
    expect(smtpPassword({ ...section, passwordFile }, environment)).toBe('from file');
    expect(smtpPassword(section, environment)).toBe('from systemd');
    expect(smtpPassword(section, {})).toBeUndefined();
  });
});

describe('sparkpostApiKey', () => {
  it.each(['two words', 'schlüssel', 'blank at the end '])('is one word of printable ASCII, wherever it stands: not "%s"', (key) => {
    const { sparkpost } = loadConfig(temporaryFile('sealdrop.yaml', `${PICKUP}  sparkpost: {}\n`), {}).delivery;
    const config = { ...(sparkpost as SparkpostConfig), apiKeyFile: temporaryFile('key', `${key}\n`) };
    const fromFile = errorOf(() => sparkpostApiKey(config, {}));
    expect(fromFile).toMatchObject({ code: 'secret-invalid', disposition: 'fatal' });
    expect(errorOf(() => sparkpostApiKey(config, { SPARKPOST_API_KEY: key })).code).toBe('environment-invalid');
    expect(`${fromFile.message}${fromFile.cure}`).not.toContain(key);
  });
});
