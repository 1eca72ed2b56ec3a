import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { errorOf, PICKUP, temporaryDirectory, temporaryFile } from './write.js';

function load(text: string, environment: NodeJS.ProcessEnv = {}): Config {
  return loadConfig(temporaryFile('sealdrop.yaml', text), environment);
}

describe('the smallest configuration', () => {
  const MINIMAL = `spool: /var/spool/sealdrop        # outbox/ work/ retry/ quarantine/ archive/ audit/ are made beneath it
keys: /etc/sealdrop/keys          # <address>.p12
delivery:
  via: pickup                     # pickup | smtp | sparkpost
  pickup:
    profile: powermta
    directory: /var/spool/pmtaPickup/pickup
    staging: /var/spool/pmtaPickup/staging
    bad: /var/spool/pmtaPickup/badmail
`;

  it('loads with every default filled in', () => {
    expect(load(MINIMAL)).toEqual({
      spool: '/var/spool/sealdrop',
      keys: '/etc/sealdrop/keys',
      allowVolatile: false,
      outbox: {
        group: 'sealdrop-submit',
        settleMs: 5000,
        incompleteMs: 60_000,
        rescanMs: 2000,
        maxMessageBytes: 104_857_600,
        maxBytesInFlight: 536_870_912,
        maxCopies: 500,
      },
      workers: 'auto',
      senders: null,
      identities: [],
      protect: {
        sign: 'auto',
        signature: 'auto',
        digest: 'sha256',
        encrypt: 'required',
        content: 'aes-256-cbc',
        contentAtLeast: 'aes-128-cbc',
        whenCiphersDiffer: 'together',
        whenKeysDiffer: 'separate',
        keyTransport: 'rsa-pkcs1',
        headerProtection: 'off',
        headerConfidentiality: 'baseline',
        headerConfidential: [],
        legacyDisplay: 'on',
        missingCertificate: 'quarantine',
        clearCopies: 'refuse',
        alreadySigned: 'seal',
        alreadyEncrypted: 'refuse',
        tripleWrap: 'off',
        signWith: 'oneKey',
        maxRecipientInfos: 100,
        fallbackCharset: 'windows-1252',
      },
      rules: [],
      delivery: {
        via: 'pickup',
        pickup: {
          profile: 'powermta',
          directory: '/var/spool/pmtaPickup/pickup',
          staging: '/var/spool/pmtaPickup/staging',
          bad: '/var/spool/pmtaPickup/badmail',
          pass: ['x-virtual-mta', 'x-job', 'x-dkim-options'],
          envid: 'own',
          maxWaiting: 1000,
          maxAge: 600_000,
          settleBadMs: 30_000,
        },
        retry: { firstMs: 60_000, maxMs: 3_600_000, giveUpAfter: 432_000_000 },
      },
      archive: {
        group: 'sealdrop-audit',
        minFree: 'auto',
        warnDaysLeft: 14,
        index: 'auto',
        indexEveryMs: 60_000,
        retention: null,
        purge: { schedule: null },
        maxClockStep: 86_400_000,
        keepSealed: 'signature',
        encryptTo: [],
        immutable: 'off',
        plaintext: false,
        compress: 'none',
        second: null,
      },
      audit: {
        segmentBytes: 256 * 1024 * 1024,
        identity: null,
        checkpointMaxAge: 3_600_000,
        checkpointRecords: 100_000,
        second: null,
        forward: { syslog: [], file: null, personal: false, confirmMs: 10_000 },
      },
      log: { level: 'info', format: 'auto' },
      http: { listen: { host: '127.0.0.1', port: 8470 } },
    } satisfies Config);
  });
});

describe('loadConfig', () => {
  it('resolves relative paths against the directory of the file', () => {
    const path = temporaryFile(
      'sealdrop.yaml',
      'spool: spool\nkeys: ./keys/\ndelivery:\n  pickup: { directory: mta/pickup, staging: mta/staging, bad: mta/bad }\n  smtp: { host: mta.example.com, user: u, passwordFile: ../secret }\n',
    );
    const { spool, keys, delivery } = loadConfig(path, {});
    const base = dirname(path);
    expect([spool, keys, delivery.pickup?.directory, delivery.pickup?.staging, delivery.pickup?.bad, delivery.smtp?.passwordFile]).toEqual([
      join(base, 'spool'),
      join(base, 'keys'),
      join(base, 'mta/pickup'),
      join(base, 'mta/staging'),
      join(base, 'mta/bad'),
      join(dirname(base), 'secret'),
    ]);
  });

  it('reads sizes and times in words', () => {
    const config = load(
      `${PICKUP}  retry: { firstMs: 30s, maxMs: 2 hours, giveUpAfter: 5 days }\noutbox: { maxMessageBytes: 25MB, settleMs: 2s }\n`,
    );
    expect(config.delivery.retry).toEqual({ firstMs: 30_000, maxMs: 7_200_000, giveUpAfter: 432_000_000 });
    expect(config.outbox).toMatchObject({ maxMessageBytes: 25_000_000, settleMs: 2000 });
  });

  it('reads rules, a single address pattern as a list of one', () => {
    const config = load(`${PICKUP}rules:
  - { name: partner, when: { to: "*@partner.example" }, protect: { content: aes-256-gcm } }
  - name: rest
    when: { from: ["*@example.com", bob@example.net], header: { X-Sealdrop-Level: 3 } }
    delivery: { job: rest, virtualMta: vmta1 }
`);
    expect(config.rules).toEqual([
      { name: 'partner', when: { to: ['*@partner.example'] }, protect: { content: 'aes-256-gcm' } },
      {
        name: 'rest',
        when: { from: ['*@example.com', 'bob@example.net'], header: { 'X-Sealdrop-Level': '3' } },
        delivery: { job: 'rest', virtualMta: 'vmta1' },
      },
    ]);
  });

  it('keeps the order of senders, and takes users by number', () => {
    expect(load(`${PICKUP}senders:\n  director@example.com: office\n  "*@example.com": [billing, 1007]\n`).senders).toEqual([
      { pattern: 'director@example.com', allowed: ['office'] },
      { pattern: '*@example.com', allowed: ['billing', '1007'] },
    ]);
  });

  it('tells an empty map of senders, by which nobody may send, from none', () => {
    expect(load(`${PICKUP}senders: {}\n`).senders).toEqual([]);
    expect(load(`${PICKUP}senders:\n`).senders).toBeNull();
  });

  it.each(['off', 'false'])('takes %s for a pickup directory without limits', (written) => {
    const text = PICKUP.replace('    bad', `    maxWaiting: ${written}\n    maxAge: ${written}\n    bad`);
    expect(loadConfig(temporaryFile('sealdrop.yaml', text), {}).delivery.pickup).toMatchObject({ maxWaiting: null, maxAge: null });
  });

  it('takes a section with nothing beneath it for its defaults', () => {
    expect(load(`${PICKUP}outbox:\n  # all commented out\nprotect:\nrules:\nhttp:\n`).outbox.settleMs).toBe(5000);
  });

  it.each([
    ['off', null],
    ['false', null],
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['"[::1]:9000"', { host: '::1', port: 9000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('reads http.listen: %s', (text, expected) => {
    expect(load(`${PICKUP}http: { listen: ${text} }\n`).http.listen).toEqual(expected);
  });

  it('reads a file with a byte order mark and CRLF line ends', () => {
    expect(load(`\u{feff}${PICKUP.replaceAll('\n', '\r\n')}spool: /data/spool\r\n`).spool).toBe('/data/spool');
  });

  it('says how to get a file when there is none', () => {
    const error = errorOf(() => loadConfig(join(temporaryDirectory(), 'none.yaml'), {}));
    expect(error).toMatchObject({ code: 'config-unreadable', disposition: 'fatal', cure: expect.stringContaining('sealdrop init') });
    expect(error.message).toContain('none.yaml cannot be read (ENOENT)');
  });

  it('names file and line of every fault', () => {
    const path = temporaryFile('sealdrop.yaml', `${PICKUP}spol: /x\nprotect:\n  encrypt: requird\n  digset: md5\n`);
    const error = errorOf(() => loadConfig(path, {}));
    expect(error).toMatchObject({ code: 'config-invalid', disposition: 'fatal' });
    expect(error.message.split('\n')).toEqual([
      `${path}:6: spol: unknown key; did you mean spool?`,
      `${path}:8: protect.encrypt: requird is not known; did you mean required? Known are required, whenPossible, none`,
      `${path}:9: protect.digset: unknown key; did you mean digest?`,
    ]);
  });
});
