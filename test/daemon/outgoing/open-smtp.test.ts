import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { smtpOptions } from '../../../src/daemon/outgoing/open-smtp.js';
import type { SmtpOptions } from '../../../src/delivery/smtp/options.js';
import { makeCertificate } from '../../delivery/servers.js';
import { codeOf } from '../../delivery/thrown.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';

const directory = makeTemp('open-smtp');
afterAll(() => removeTemp(directory));

function file(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function options(keys: string, environment: NodeJS.ProcessEnv = {}): SmtpOptions {
  const path = file('sealdrop.yaml', `delivery:\n  via: smtp\n  smtp: { ${keys} }\n`);
  const { smtp } = loadConfig(path, {}).delivery;
  if (smtp === undefined) throw new Error('there is no section');
  return smtpOptions(smtp, environment);
}

describe('delivery.smtp as it is used', () => {
  it('goes to port 25, to 465 with implicit TLS, and to that of a host of its own', () => {
    expect(options('host: h').servers).toEqual([{ host: 'h', port: 25 }]);
    expect(options('host: h, tls: implicit').servers).toEqual([{ host: 'h', port: 465 }]);
    expect(options('hosts: [a, "b:2525", "[::1]:26"], port: 587').servers).toEqual([
      { host: 'a', port: 587 },
      { host: 'b', port: 2525 },
      { host: '::1', port: 26 },
    ]);
  });

  it('knows SparkPost by its name, and lets everything else be said', () => {
    const spark = options('profile: sparkpost', { SMTP_PASSWORD: 'key' });
    expect(spark).toMatchObject({
      servers: [{ host: 'smtp.sparkpostmail.com', port: 587 }],
      tls: 'required',
      msysApi: 'sparkpost',
      connections: 4,
      messagesPerConnection: 100,
      login: { user: 'SMTP_Injection' },
    });
    expect(spark.login?.secret()).toBe('key');
    expect(options('profile: sparkpost, idleMs: 5m').timeouts?.idleMs).toBeLessThan(60_000);
    expect(
      options('profile: sparkpost, host: smtp.eu.sparkpostmail.com, port: 2525, user: "SMTP_Injection:X-MSYS-SUBACCOUNT=7"'),
    ).toMatchObject({
      servers: [{ host: 'smtp.eu.sparkpostmail.com', port: 2525 }],
      login: { user: 'SMTP_Injection:X-MSYS-SUBACCOUNT=7' },
    });
  });

  it('puts X-MSYS-API on for Momentum, and for no other server', () => {
    expect(options('profile: momentum, host: h')).toMatchObject({ msysApi: 'momentum', tls: 'opportunistic', login: undefined });
    expect(options('host: h').msysApi).toBeUndefined();
  });

  it('reads a token for each connection, and only then', () => {
    const tokenFile = join(directory, 'token');
    const { login } = options(`host: h, user: u, auth: xoauth2, tokenFile: ${tokenFile}`);
    expect(codeOf(() => login?.secret())).toBe('secret-unreadable');
    file('token', 'first\n');
    expect(login?.secret()).toBe('first');
    file('token', 'second\n');
    expect(login?.secret()).toBe('second');
    file('token', 'third\n', 0o640);
    expect(codeOf(() => login?.secret())).toBe('secret-permissions');
  });

  it('reads certificates and key', () => {
    const { key, cert } = makeCertificate();
    const paths = `clientCertificate: ${file('c.crt', cert, 0o644)}, clientKey: ${file('c.key', key)}`;
    expect(options(`host: h, tls: required, ca: ${file('ca.pem', cert, 0o644)}, ${paths}`)).toMatchObject({
      ca: cert,
      client: { certificate: cert, key: key.toString() },
    });
  });

  it.each<[string, string, (keys: { mine: Buffer; theirs: Buffer; cert: Buffer }) => string]>([
    ['a key that others may read', 'secret-permissions', ({ mine, cert }) => pair(cert, file('bad.key', mine, 0o640))],
    ['a key of another certificate', 'smtp-tls-file', ({ theirs, cert }) => pair(cert, file('bad.key', theirs))],
    ['a key that is none', 'smtp-tls-file', ({ cert }) => pair(cert, file('bad.key', 'no key'))],
    ['a key that is missing', 'secret-unreadable', ({ cert }) => pair(cert, join(directory, 'none.key'))],
    ['an authority that is missing', 'smtp-tls-file', () => `tls: required, ca: ${join(directory, 'none.pem')}`],
    ['an authority that is no certificate', 'smtp-tls-file', ({ mine }) => `tls: required, ca: ${file('bad.pem', mine)}`],
    ['a password that others may read', 'secret-permissions', () => `user: u, passwordFile: ${file('password', 'secret', 0o644)}`],
  ])('is refused at the start with %s: %s', (_, code, keysOf) => {
    const one = makeCertificate();
    const keys = keysOf({ mine: one.key, theirs: makeCertificate().key, cert: one.cert });
    expect(codeOf(() => options(`host: h, ${keys}`))).toBe(code);
  });

  function pair(cert: Buffer, key: string): string {
    return `clientCertificate: ${file('pair.crt', cert, 0o644)}, clientKey: ${key}`;
  }
});
