import { describe, expect, it } from 'vitest';
import { keysAt } from '../../src/config/known-keys.js';
import { loadConfig } from '../../src/config/load.js';
import { configTemplate } from '../../src/config/template.js';
import { PICKUP, temporaryFile } from './write.js';

function load(text: string) {
  return loadConfig(temporaryFile('sealdrop.yaml', text), {});
}

describe('the configuration file that explains itself', () => {
  it('loads as it is, to the defaults', () => {
    const { delivery, ...rest } = load(configTemplate());
    const { delivery: defaultDelivery, ...defaults } = load(PICKUP);
    expect(rest).toEqual(defaults);
    expect(delivery.retry).toEqual(defaultDelivery.retry);
    expect(delivery.pickup).toEqual({
      ...defaultDelivery.pickup,
      directory: '/var/spool/pmtaPickup/pickup',
      staging: '/var/spool/pmtaPickup/staging',
      bad: '/var/spool/pmtaPickup/badmail',
    });
    expect(delivery.smtp).toBeUndefined();
  });

  it('loads with everything switched on that is switched off', () => {
    const allOn = configTemplate().replaceAll(/^( *)#(?=[^ \n])/gm, '$1');
    // One of two ways to name the server, and one of two to log in.
    const config = load(allOn.replace(/^ *hosts:\n(?: +- .*\n)+/m, '').replace(/^ *tokenFile:.*\n/m, ''));
    expect(config.senders).toEqual([{ pattern: '*@billing.example', allowed: ['billing'] }]);
    expect(config.identities).toEqual([{ from: ['*@billing.example'], capabilities: ['aes-256-gcm', 'aes-256-cbc', 'aes-128-cbc'] }]);
    expect(config.rules).toEqual([{ name: 'partner', when: { to: ['*@partner.example'] }, protect: { content: 'aes-256-gcm' } }]);
    expect(config.delivery.smtp).toEqual({
      profile: 'generic',
      host: 'mail.example.com',
      lookup: 'a',
      port: 587,
      tls: 'required',
      ca: '/etc/sealdrop/mail-ca.pem',
      fingerprints: ['00112233445566778899aabbccddeeff'.repeat(2)],
      servername: 'mail.example.com',
      clientCertificate: '/etc/sealdrop/smtp-client.crt',
      clientKey: '/etc/sealdrop/smtp-client.key',
      auth: 'auto',
      user: 'sealdrop',
      passwordFile: '/etc/sealdrop/smtp-password',
      connections: 4,
      messagesPerConnection: 100,
      idleMs: 30_000,
      openMs: 60_000,
      replyMs: 600_000,
      transactionMs: 1_800_000,
      hostPauseMs: 60_000,
      dsn: { notify: ['failure', 'delay'], ret: 'hdrs' },
      name: 'sealdrop.example.com',
    });
  });

  it('has every key, each with an explanation above it', () => {
    const lines = configTemplate().split('\n');
    const explained = (path: string[], indent: string): void => {
      for (const key of keysAt(path)) {
        const at = lines.findIndex((line) => line.replace('#', '').startsWith(`${indent}${key}:`));
        expect(at, [...path, key].join('.')).toBeGreaterThan(0);
        expect(lines[at - 1], [...path, key].join('.')).toMatch(/^ *# +\S/);
        explained([...path, key], `${indent}  `);
      }
    };
    explained([], '');
  });

  it('has lines that fit a terminal', () => {
    expect(
      configTemplate()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });

  it('holds the values it is given, in quotes where YAML needs them', () => {
    const text = configTemplate({
      spool: '/data/spool: 1',
      allowVolatile: true,
      outbox: { settleMs: 200 },
      senders: { '*@example.com': ['apps'] },
      delivery: { via: 'smtp', smtp: { host: 'mta.example.com', user: '007' } },
    });
    const config = load(text);
    expect(config).toMatchObject({ spool: '/data/spool: 1', allowVolatile: true, outbox: { settleMs: 200, maxCopies: 500 } });
    expect(config.senders).toEqual([{ pattern: '*@example.com', allowed: ['apps'] }]);
    expect(config.delivery).toMatchObject({ via: 'smtp', smtp: { host: 'mta.example.com', user: '007', connections: 4 } });
    expect(config.delivery.pickup).toBeUndefined();
  });

  it('does not take a value for a key that does not exist', () => {
    expect(() => configTemplate({ outbox: { settle: 1 } })).toThrow(TypeError);
  });
});
