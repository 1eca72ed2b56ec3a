import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/config/load.js';
import { PICKUP } from './write.js';

/** Every fault as `line: key: text`, for a file /etc/sealdrop/sealdrop.yaml. */
function faultsIn(text: string, environment: NodeJS.ProcessEnv = {}): string[] {
  const checked = checkConfig(Buffer.from(text), '/etc/sealdrop/sealdrop.yaml', environment);
  return 'config' in checked ? [] : checked.faults.map((fault) => `${fault.line}: ${fault.key}: ${fault.text}`);
}

// The five lines of PICKUP come first, so what a case adds begins on line 6.
const ONE_FAULT: [string, string, string][] = [
  [
    'a certificate authority for a receiver without TLS',
    'audit:\n  forward:\n    syslog:\n      - { host: h, transport: udp, ca: /ca }\n',
    '9: audit.forward.syslog[0].ca: is used by transport: tls alone; remove it, or set that',
  ],
  [
    'a certificate without its key',
    'audit:\n  forward:\n    syslog:\n      - { host: h, clientCertificate: /c }\n',
    '9: audit.forward.syslog[0].clientCertificate: has no use without clientKey; add it',
  ],
  [
    'a receiver twice',
    'audit:\n  forward:\n    syslog:\n      - { host: h }\n      - { host: h, transport: tls }\n',
    '10: audit.forward.syslog[1].host: is named twice; remove one of the two',
  ],
  [
    'a second location of the audit trail within the spool',
    'spool: /s\naudit:\n  second: /s/second\n',
    '8: audit.second: lies within spool (/s); use a directory apart from it',
  ],
  [
    'the trail forwarded into the spool',
    'spool: /s\naudit:\n  forward: { file: /s/trail }\n',
    '8: audit.forward.file: lies within spool (/s); use a directory apart from it',
  ],
  ['a misspelled key', 'spol: /x\n', '6: spol: unknown key; did you mean spool?'],
  ['a key in another spelling', 'outbox:\n  settle_ms: 1\n', '7: outbox.settle_ms: unknown key; did you mean settleMs?'],
  ['a key that belongs elsewhere', 'settleMs: 1\n', '6: settleMs: unknown key here; it belongs beneath outbox'],
  ['a section that belongs elsewhere', 'smtp:\n  host: h\n', '6: smtp: unknown key here; it belongs beneath delivery'],
  ['a top-level key in a section', 'log:\n  workers: 2\n', '7: log.workers: unknown key here; it belongs at the top level'],
  ['a key nothing resembles', 'log:\n  colour: red\n', '7: log.colour: unknown key; known here are level, format'],
  ['a key twice', 'workers: 1\n\nworkers: 2\n', '8: workers: the key stands here a second time, first on line 6; keep one of the two'],
  ['a section twice', 'delivery:\n  via: smtp\n', '6: delivery: the key stands here a second time, first on line 1; keep one of the two'],
  [
    'a value not known',
    'protect:\n  sign: atuo\n',
    '7: protect.sign: atuo is not known; did you mean auto? Known are auto, opaque, detached, none',
  ],
  ['a value nothing resembles', 'protect:\n  digest: md5\n', '7: protect.digest: md5 is not known; write sha256, sha384 or sha512'],
  [
    'a map where a word belongs',
    'protect:\n  sign: { a: b }\n',
    '7: protect.sign: this value is not known; write auto, opaque, detached or none',
  ],
  ['a section as a word', 'protect: strict\n', '6: protect: must be a section; indent its keys beneath it'],
  [
    'a number in quotes',
    'outbox:\n  maxCopies: "5"\n',
    '7: outbox.maxCopies: must be a whole number from 1 to 100000; write it in digits, without quotes',
  ],
  [
    'a number out of range',
    'protect:\n  maxRecipientInfos: 0\n',
    '7: protect.maxRecipientInfos: must be a whole number from 1 to 5000; write it in digits, without quotes',
  ],
  [
    'a fraction',
    'outbox:\n  maxCopies: 1.5\n',
    '7: outbox.maxCopies: must be a whole number from 1 to 100000; write it in digits, without quotes',
  ],
  ['too many workers', 'workers: 65\n', '6: workers: must be auto or a whole number from 1 to 64; auto goes by the processors'],
  ['a truth in words', 'allowVolatile: yes\n', '6: allowVolatile: must be true or false; write it without quotes'],
  [
    'a size in an unknown unit',
    'outbox:\n  maxMessageBytes: 5 furlongs\n',
    '7: outbox.maxMessageBytes: must be a size from 1KiB to 1GiB; write for example 100MiB, 512KiB or a number of bytes',
  ],
  [
    'a time out of range',
    'outbox:\n  rescanMs: 10ms\n',
    '7: outbox.rescanMs: must be a time from 100ms to 1d; write for example 30s, 12h, 5d or a number of milliseconds',
  ],
  [
    'a floor beside a named cipher',
    'protect:\n  contentAtLeast: aes-256-gcm\n',
    '7: protect.contentAtLeast: has no use where content names a cipher; set content: auto, or name the cipher itself',
  ],
  [
    'a floor in a rule that names a cipher',
    'protect: { content: auto }\nrules:\n  - name: a\n    when: {}\n    protect:\n      content: aes-256-cbc\n      contentAtLeast: aes-256-gcm\n',
    '12: rules[0].protect.contentAtLeast: has no use where content names a cipher; set content: auto, or name the cipher itself',
  ],
  [
    'a capability not known',
    'identities:\n  - from: "*@example.com"\n    capabilities: [aes-256-gmc]\n',
    '8: identities[0].capabilities[0]: aes-256-gmc is not known; did you mean aes-256-gcm? Known are aes-128-cbc, aes-192-cbc, aes-256-cbc, aes-128-gcm, aes-256-gcm, chacha20-poly1305',
  ],
  [
    'a capability twice',
    'identities:\n  - capabilities: [aes-256-gcm, aes-256-gcm]\n',
    '7: identities[0].capabilities: names a cipher twice; name each once',
  ],
  [
    'an identity without capabilities',
    'identities:\n  - from: "*@example.com"\n',
    '7: identities[0].capabilities: is missing; write for example [aes-256-gcm, aes-256-cbc], or [] to announce none',
  ],
  [
    'a misspelled key of an identity',
    'identities:\n  - { form: "*@example.com", capabilities: [] }\n',
    '7: identities[0].form: unknown key; did you mean from?',
  ],
  ['an empty path', 'spool: ""\n', '6: spool: the path is empty; write an absolute path, or one relative to this file'],
  ['a path without a value', 'spool:\n', '6: spool: must be a path; write an absolute path, or one relative to this file'],
  ['a path with ~', 'keys: ~/keys\n', '6: keys: ~ is not expanded here; write the whole path'],
  [
    'an unknown charset',
    'protect: { fallbackCharset: klingon }\n',
    '6: protect.fallbackCharset: is not a known character encoding; write for example windows-1252 or iso-8859-15',
  ],
  [
    'a charset without ASCII',
    'protect: { fallbackCharset: utf-16le }\n',
    '6: protect.fallbackCharset: is not a known character encoding; write for example windows-1252 or iso-8859-15',
  ],
  [
    'an address to listen on without a port',
    'http:\n  listen: 127.0.0.1\n',
    '7: http.listen: must be an address with port, or off; write for example 127.0.0.1:8470 or [::1]:8470',
  ],
  [
    'a group with a blank',
    'outbox:\n  group: mail users\n',
    '7: outbox.group: must be the name of a unix user or group; write it as "getent" shows it',
  ],
  [
    'a domain as a pattern of senders',
    'senders:\n  billing.example: [billing]\n',
    '7: senders.billing.example: an address pattern has an @; write *@billing.example for every address there',
  ],
  [
    'a sender without users',
    'senders:\n  "*@billing.example": []\n',
    '7: senders.*@billing.example: must be the name of a unix user or group, or a list of them; write for example [billing]',
  ],
  ['rules as a map', 'rules:\n  name: x\n', '6: rules: must be a list of rules; begin each with "- name: …"'],
  [
    'a rule without a name',
    'rules:\n  - when: {}\n',
    '7: rules[0].name: is missing; give each rule a name of its own, it is written into the audit trail',
  ],
  ['a rule without conditions', 'rules:\n  - name: all\n', '7: rules[0].when: is missing; write "when: {}" to match every recipient'],
  [
    'conditions left empty',
    'rules:\n  - name: all\n    when:\n',
    '8: rules[0].when: must be a section of conditions; write "when: {}" to match every recipient',
  ],
  [
    'a pattern that cannot match',
    'rules:\n  - name: p\n    when:\n      to: partner.example\n',
    '9: rules[0].when.to: an address pattern has an @; write *@partner.example for every address there',
  ],
  [
    'the second of several patterns',
    'rules:\n  - name: p\n    when:\n      to:\n        - "*@partner.example"\n        - bob@\n',
    '11: rules[0].when.to[1]: an address pattern has something on both sides of its @; write * for everything',
  ],
  [
    'an empty list of patterns',
    'rules:\n  - { name: p, when: { to: [] } }\n',
    '7: rules[0].when.to: must be an address pattern or a list of them; leave the key out to match every address',
  ],
  [
    'a header name with a blank',
    'rules:\n  - name: p\n    when:\n      header:\n        "x class": a\n',
    '10: rules[0].when.header.x class: is not the name of a header field; write it without blanks and colon',
  ],
  [
    'no header named',
    'rules:\n  - { name: p, when: { header: {} } }\n',
    '7: rules[0].when.header: must be a section of header names with a text each; write for example "x-sealdrop-class: confidential"',
  ],
  [
    'a key of a rule misspelled',
    'rules:\n  - name: p\n    when: {}\n    protct: {}\n',
    '9: rules[0].protct: unknown key; did you mean protect?',
  ],
  [
    'a setting no rule can have',
    'rules:\n  - name: p\n    when: {}\n    protect: { maxRecipientInfos: 1 }\n',
    '9: rules[0].protect.maxRecipientInfos: unknown key here; it belongs beneath protect',
  ],
  [
    'a job of two words',
    'rules:\n  - name: p\n    when: {}\n    delivery: { job: two words }\n',
    '9: rules[0].delivery.job: must be one word of at most 100 printable ASCII characters; write it without blanks',
  ],
  [
    'a rule of the same name',
    'rules:\n  - { name: p, when: { to: "*@a.example" } }\n  - { name: p, when: { to: "*@b.example" } }\n',
    '8: rules[1].name: is also the name of rules[0]; give each rule a name of its own',
  ],
  [
    'a rule behind one that matches everything',
    'rules:\n  - { name: all, when: {} }\n  - { name: p, when: { to: "*@b.example" } }\n',
    '8: rules[1]: never applies, because rules[0] matches everything (when: {}); move it before that rule',
  ],
  [
    'a rule by SMTP without an SMTP section',
    'rules:\n  - name: p\n    when: {}\n    delivery:\n      via: smtp\n',
    '10: rules[0].delivery.via: is smtp, but the section delivery.smtp is missing; add it with host, or set SMTP_HOST in the environment',
  ],
  [
    'a default that would seal nothing',
    'protect:\n  sign: none\n  encrypt: none\n',
    '8: protect.encrypt: with sign: none all mail would pass unsealed; write a rule that says both for the mail that may',
  ],
  [
    'a triple wrap without a signature',
    'protect: { sign: none, tripleWrap: on }\n',
    '6: protect.tripleWrap: is on, but with sign: none nothing is signed; set sign to auto, opaque or detached',
  ],
  [
    'a triple wrap by rule, where protect says that nothing is signed',
    'protect: { sign: none }\nrules:\n  - name: p\n    when: { to: "*@b.example" }\n    protect: { tripleWrap: on }\n',
    '10: rules[0].protect.tripleWrap: is on, but with sign: none nothing is signed; set sign to auto, opaque or detached',
  ],
  [
    'a message larger than what may be in flight',
    'outbox:\n  maxMessageBytes: 1GiB\n',
    '7: outbox.maxMessageBytes: 1GiB is more than outbox.maxBytesInFlight, 512MiB; lower it or raise the other',
  ],
  [
    'less in flight than a message may have',
    'outbox:\n  maxBytesInFlight: 10MiB\n',
    '7: outbox.maxBytesInFlight: 10MiB is less than outbox.maxMessageBytes, 100MiB; raise it or lower the other',
  ],
];

describe('a fault', () => {
  it.each(ONE_FAULT)('is told with its line and cure: %s', (_, text, expected) => {
    expect(faultsIn(`${PICKUP}${text}`)).toEqual([expected]);
  });

  it.each([
    ['an empty file', '', '1: delivery.via: is pickup, but the section delivery.pickup is missing; add it with directory, staging and bad'],
    [
      'a file of comments',
      '# nothing\n',
      '1: delivery.via: is pickup, but the section delivery.pickup is missing; add it with directory, staging and bad',
    ],
    [
      'a delivery without its section',
      'keys: /k\n\ndelivery:\n  via: smtp\n',
      '4: delivery.via: is smtp, but the section delivery.smtp is missing; add it with host, or set SMTP_HOST in the environment',
    ],
    [
      'a pickup section without a directory',
      'delivery:\n  pickup:\n    staging: /s\n    bad: /b\n',
      '2: delivery.pickup.directory: is missing; write an absolute path, or one relative to this file',
    ],
    [
      'an SMTP section without a host',
      'delivery:\n  via: smtp\n  smtp:\n    port: 25\n',
      '3: delivery.smtp.host: is missing; write for example mail.example.com',
    ],
    [
      'a password file without a user',
      'delivery:\n  via: smtp\n  smtp:\n    host: mail.example.com\n    passwordFile: /etc/p\n',
      '5: delivery.smtp.passwordFile: has no use without a user; add delivery.smtp.user',
    ],
    [
      'a first wait longer than the longest',
      `${PICKUP}  retry:\n    firstMs: 2h\n`,
      '7: delivery.retry.firstMs: 2h is more than delivery.retry.maxMs, 1h; lower it or raise the other',
    ],
    [
      'a pickup profile for an MTA that has no pickup directory',
      PICKUP.replace('    bad', '    profile: momentum\n    bad'),
      '5: delivery.pickup.profile: momentum has no pickup directory that it reads; set delivery.via to smtp and delivery.smtp.host to one of its ESMTP listeners (deploy/momentum)',
    ],
    [
      'a job for an MTA whose pickup files hold none',
      `${PICKUP.replace('    bad', '    profile: iis\n    bad')}rules:\n  - { name: a, when: {}, delivery: { job: j } }\n`,
      '8: rules[0].delivery.job: has no place in pickup files of the profile iis; take it out',
    ],
    [
      'a number of waiting files that is none',
      PICKUP.replace('    bad', '    maxWaiting: none\n    bad'),
      '5: delivery.pickup.maxWaiting: must be a whole number from 1 to 10000000, or off; write it in digits, without quotes',
    ],
    [
      'a control header that cannot be passed',
      PICKUP.replace('    bad', '    pass: [x-job, x-dkim-key]\n    bad'),
      '5: delivery.pickup.pass[1]: x-dkim-key is not known; write x-virtual-mta, x-job or x-dkim-options',
    ],
    ['a list', '- spool: /x\n', '1: YAML: the file is not a map of keys to values; write for example "spool: /var/spool/sealdrop"'],
    ['a word', 'sealdrop\n', '1: YAML: the file is not a map of keys to values; write for example "spool: /var/spool/sealdrop"'],
  ])('is told for the whole file: %s', (_, text, expected) => {
    expect(faultsIn(text)).toEqual([expected]);
  });

  it('does not hide another, of whatever kind it is', () => {
    const text = `spool: 5
wrkers: 3
delivery:
  via: smtp
  retry: { firstMs: soon, maxMs: 10d }
rules:
  - name: a
    when: { to: nowhere }
  - name: a
    when: {}
    delivery: { via: pickup }
workers: 1
workers: 2
`;
    expect(faultsIn(text)).toEqual([
      '1: spool: must be a path; write an absolute path, or one relative to this file',
      '2: wrkers: unknown key; did you mean workers?',
      '4: delivery.via: is smtp, but the section delivery.smtp is missing; add it with host, or set SMTP_HOST in the environment',
      '5: delivery.retry.firstMs: must be a time from 1s to 1d; write for example 30s, 12h, 5d or a number of milliseconds',
      '5: delivery.retry.maxMs: must be a time from 1s to 7d; write for example 30s, 12h, 5d or a number of milliseconds',
      '5: delivery.retry.maxMs: 10d is more than delivery.retry.giveUpAfter, 5d; lower it or raise the other',
      '8: rules[0].when.to: an address pattern has an @; write *@nowhere for every address there',
      '9: rules[1].name: is also the name of rules[0]; give each rule a name of its own',
      '11: rules[1].delivery.via: is pickup, but the section delivery.pickup is missing; add it with directory, staging and bad',
      '13: workers: the key stands here a second time, first on line 12; keep one of the two',
    ]);
  });
});

describe('protect.headerConfidential', () => {
  it.each([
    ['Message-ID', 'has to stand outside, or the mail could not be delivered; leave it out of the list'],
    ['from', 'has to stand outside, or the mail could not be delivered; leave it out of the list'],
    ['Content-Type', 'has to stand outside, or the mail could not be delivered; leave it out of the list'],
    ['"X Y"', 'is not the name of a header field; write it without blanks and colon'],
  ])('cannot name %s', (name, wrong) => {
    expect(faultsIn(`${PICKUP}protect: { headerConfidential: [X-Ok, ${name}] }\n`)).toEqual([`6: protect.headerConfidential[1]: ${wrong}`]);
    const rule = `rules: [{ name: a, when: {}, protect: { headerConfidential: [${name}] } }]\n`;
    expect(faultsIn(`${PICKUP}${rule}`)).toEqual([`6: rules[0].protect.headerConfidential[0]: ${wrong}`]);
  });
});

describe('the ways beside pickup and SMTP', () => {
  it.each([
    [
      '  fallback: smtp\n',
      '6: delivery.fallback: is smtp, but the section delivery.smtp is missing; add it with host, or set SMTP_HOST in the environment',
    ],
    ['  fallback: pickup\n', '6: delivery.fallback: pickup is not known; write smtp, sparkpost, sendmail or kumomta'],
    [
      '  via: sparkpost\n',
      '6: delivery.via: is sparkpost, but the section delivery.sparkpost is missing; add it with apiKeyFile, or set SPARKPOST_API_KEY in the environment',
    ],
    [
      'rules:\n  - { name: r, when: {}, delivery: { via: kumomta } }\n',
      '7: rules[0].delivery.via: is kumomta, but the section delivery.kumomta is missing; add it with url',
    ],
    [
      '  sparkpost: { host: "https://user@api.sparkpost.com/" }\n',
      '6: delivery.sparkpost.host: is not the name of an HTTPS host; write it alone, for example api.eu.sparkpost.com',
    ],
    [
      '  sparkpost: { apiKey: hunter2 }\n',
      '6: delivery.sparkpost.apiKey: a secret must not stand in the configuration; put it into a file only sealdrop can read (chmod 600) and name that file with apiKeyFile, or keep the passphrase of a key in <address>.pass beside the key',
    ],
    [
      '  sparkpost: { host: "http://api.sparkpost.com" }\n',
      '6: delivery.sparkpost.host: is not the name of an HTTPS host; write it alone, for example api.eu.sparkpost.com',
    ],
    [
      '  kumomta: { url: "http://10.0.0.1:8000", user: u, passwordFile: p }\n',
      '6: delivery.kumomta.url: would carry the password in clear to another host; write https://',
    ],
    ...['http://localhost.example.com', 'http://127.example.com', 'http://127.0.0.1.example.com'].map((url): [string, string] => [
      `  kumomta: { url: "${url}:8000", user: u, passwordFile: p }\n`,
      '6: delivery.kumomta.url: would carry the password in clear to another host; write https://',
    ]),
    ...[' http://example.com', 'http:/example.com', 'http:example.com:8000', 'http:\\\\example.com'].map((url): [string, string] => [
      `  kumomta: { url: "${url}", user: u, passwordFile: p }\n`,
      '6: delivery.kumomta.url: must be an address such as http://127.0.0.1:8000; write scheme, host and port alone',
    ]),
    [
      '  kumomta: { url: "https://example.com", user: "a:b", passwordFile: p }\n',
      '6: delivery.kumomta.user: holds a colon, which HTTP basic authentication has no place for; choose another user',
    ],
    ...['api.sparkpost.com:99999', '256.256.256.256'].map((host): [string, string] => [
      `  sparkpost: { host: "${host}" }\n`,
      '6: delivery.sparkpost.host: is not the name of an HTTPS host; write it alone, for example api.eu.sparkpost.com',
    ]),
    ...['mail.example.com:587', '127.0.0.1:25', ':'].map((host): [string, string] => [
      `  smtp: { host: "${host}" }\n`,
      '6: delivery.smtp.host: is not a host name or IP address; write it alone, without port, user or password',
    ]),
    [
      '  kumomta: { url: "http://127.0.0.1:8000/api/inject/v1" }\n',
      '6: delivery.kumomta.url: must be an address such as http://127.0.0.1:8000; write scheme, host and port alone',
    ],
    [
      '  kumomta: { url: "http://127.0.0.1:8000", passwordFile: p }\n',
      '6: delivery.kumomta.passwordFile: has no use without a user; add delivery.kumomta.user',
    ],
  ])('have their faults told: %j', (text, expected) => {
    expect(faultsIn(`${PICKUP}${text}`)).toEqual([expected]);
  });

  it.each([
    '  kumomta: { url: "http://[::1]:8000", user: u, passwordFile: p }\n',
    '  kumomta: { url: "HTTP://LOCALHOST:8000/", user: u, passwordFile: p }\n',
    '  kumomta: { url: "http://127.0.0.1:8000", user: u, passwordFile: p }\n',
    '  smtp: { host: "::1" }\n',
  ])('are taken as they are: %j', (text) => {
    expect(faultsIn(`${PICKUP}${text}`)).toEqual([]);
  });
});

describe('archive', () => {
  it.each([
    [
      '{ plaintext: true, encryptTo: [/etc/a.crt] }',
      'plaintext: says that originals are kept unencrypted, and archive.encryptTo says to whom they are encrypted; take one of them out',
    ],
    ['{ encryptTo: /etc/a.crt }', 'encryptTo: must be a list of certificate files; write for example [/etc/sealdrop/compliance.crt]'],
    ['{ encryptTo: [~/a.crt] }', 'encryptTo[0]: ~ is not expanded here; write the whole path'],
    ['{ second: /var/spool/sealdrop/second }', 'second: lies within spool (/var/spool/sealdrop); use a directory apart from it'],
    ['{ keepSealed: sealed }', 'keepSealed: sealed is not known; write signature, full or none'],
  ])('%s is refused', (section, fault) => {
    expect(faultsIn(`${PICKUP}archive: ${section}\n`)).toEqual([`6: archive.${fault}`]);
  });

  it('takes one certificate, several, a second location, and what a rule keeps', () => {
    expect(
      faultsIn(
        `${PICKUP}archive: { encryptTo: [a.crt, b.crt], second: /mnt/second, compress: gzip }\nrules: [{ name: r, when: {}, archive: { keepSealed: none } }]\n`,
      ),
    ).toEqual([]);
  });
});

describe('what the design holds and this version does not', () => {
  it.each([
    [
      '    profile: xmail\n',
      '6: delivery.pickup.profile: xmail is not supported by this version; use powermta, exchange-replay, iis, mailerq or eml',
    ],
    ['archive: { compress: zstd }\n', '6: archive.compress: zstd is not supported by this version; use none or gzip'],
  ])('is refused as such: %j', (text, expected) => {
    expect(faultsIn(`${PICKUP}${text}`)).toEqual([expected]);
  });
});

describe('a secret in the file', () => {
  const ADVICE =
    'a secret must not stand in the configuration; put it into a file only sealdrop can read (chmod 600) and name that file with passwordFile, or keep the passphrase of a key in <address>.pass beside the key';

  it.each(['password', 'passwd', 'apiKey', 'api_key', 'passphrase', 'clientSecret', 'authToken'])(
    'is refused and not repeated: %s',
    (key) => {
      const text = `${PICKUP}  smtp:\n    host: mail.example.com\n    ${key}: hunter2\n`;
      expect(faultsIn(text)).toEqual([`8: delivery.smtp.${key}: ${ADVICE}`]);
    },
  );

  it.each(['*hunter2', '!hunter2', '"hunter2', '@hunter2', '[hunter2', '{hunter2', 'hunter2: hunter2', '&hunter2', '%hunter2'])(
    'is not repeated either when it breaks the YAML: %s',
    (secret) => {
      const faults = faultsIn(`${PICKUP}  smtp:\n    host: mail.example.com\n    password: ${secret}\n`);
      expect(faults.length).toBeGreaterThan(0);
      expect(faults.join()).not.toContain('hunter2');
    },
  );

  it('is not repeated when it stands in a host', () => {
    expect(faultsIn(`${PICKUP}  smtp:\n    host: user:hunter2@mail.example.com\n`)).toEqual([
      '7: delivery.smtp.host: is not a host name or IP address; write it alone, without port, user or password',
    ]);
  });
});

describe('delivery.smtp', () => {
  const smtp = (keys: string): string[] =>
    faultsIn(`delivery:\n  via: smtp\n  smtp: { ${keys} }\n`).map((fault) => fault.replace(/^3: delivery\.smtp\./, ''));

  it.each([
    ['host: h, user: u, tls: implicit, ca: /c, servername: s'],
    ['hosts: [a, "b:2525", "::1", "[::1]:26", 192.0.2.1]'],
    ['profile: sparkpost'],
    ['profile: sparkpost, passwordFile: /p, ca: /c'],
    [`host: h, tls: required, fingerprints: ["${'0F'.repeat(32)}", "${'ab:'.repeat(31)}cd"]`],
    ['host: h, user: u, auth: xoauth2, tokenFile: /t'],
    ['host: h, clientCertificate: /c, clientKey: /k'],
    ['host: h, dsn: { notify: [never] }'],
  ])('has nothing against %s', (keys) => {
    expect(smtp(keys)).toEqual([]);
  });

  it.each([
    ['host: h, hosts: [a]', 'hosts: stands beside host; use one of the two'],
    ['lookup: mx', 'host: is missing; write for example mail.example.com'],
    ['hosts: []', 'hosts: is empty; name at least one server'],
    [
      'hosts: ["a:0"]',
      'hosts[0]: is not a host name with or without a port; write for example mail.example.com or "mail.example.com:2525"',
    ],
    [
      'hosts: ["user:pw@a"]',
      'hosts[0]: is not a host name with or without a port; write for example mail.example.com or "mail.example.com:2525"',
    ],
    ['host: h, ca: /c', 'ca: is not looked at with tls: opportunistic; set tls to required or implicit'],
    ['host: h, tls: none, servername: s', 'servername: has no use with tls: none; remove it, or use TLS'],
    [
      `host: h, fingerprints: ["${'0'.repeat(64)}"]`,
      'fingerprints: is not looked at with tls: opportunistic; set tls to required or implicit',
    ],
    [
      'host: h, tls: required, fingerprints: [12:34]',
      'fingerprints[0]: is not a SHA-256 fingerprint; write its 64 hexadecimal digits in quotes, with or without colons',
    ],
    ['host: h, clientKey: /k', 'clientKey: has no use without clientCertificate; add delivery.smtp.clientCertificate'],
    ['host: h, auth: login', 'auth: has no use without a user; add delivery.smtp.user'],
    ['host: h, user: u, auth: xoauth2', 'auth: is xoauth2, which needs a token; add delivery.smtp.tokenFile'],
    [
      'host: h, user: u, auth: xoauth2, tokenFile: /t, passwordFile: /p',
      'passwordFile: has no use with auth: xoauth2; remove one of the two',
    ],
    ['host: h, user: u, tokenFile: /t', 'tokenFile: is used by auth: xoauth2 alone; set delivery.smtp.auth to it'],
    ['profile: sparkpost, connections: 11', 'connections: is more than SparkPost allows, 10; lower it'],
    ['profile: sparkpost, messagesPerConnection: 101', 'messagesPerConnection: is more than SparkPost allows, 100; lower it'],
    ['host: h, dsn: { notify: [never, delay] }', 'dsn.notify: names never and something else; never stands alone'],
  ])('is told what is wrong with %s', (keys, fault) => {
    expect(smtp(keys)).toEqual([fault]);
  });
});

describe('directories', () => {
  function overlap(settings: { spool?: string; keys?: string; directory?: string; staging?: string; bad?: string }): string[] {
    const { spool = '/spool', keys = '/keys', directory = '/mta/pickup', staging = '/mta/staging', bad = '/mta/bad' } = settings;
    return faultsIn(
      `spool: ${spool}\nkeys: ${keys}\ndelivery:\n  pickup:\n    directory: ${directory}\n    staging: ${staging}\n    bad: ${bad}\n`,
    );
  }

  it.each([
    [
      { staging: '/mta/pickup' },
      '6: delivery.pickup.staging: is the same directory as delivery.pickup.directory (/mta/pickup); use a directory apart from it',
    ],
    [
      { staging: '/mta/pickup/tmp' },
      '6: delivery.pickup.staging: lies within delivery.pickup.directory (/mta/pickup); use a directory apart from it',
    ],
    [
      { directory: '/mta/staging/in' },
      '6: delivery.pickup.staging: contains delivery.pickup.directory (/mta/staging/in); use a directory apart from it',
    ],
    [
      { staging: '/mta/x/../pickup/' },
      '6: delivery.pickup.staging: is the same directory as delivery.pickup.directory (/mta/pickup); use a directory apart from it',
    ],
    [{ directory: '/spool/outbox' }, '5: delivery.pickup.directory: lies within spool (/spool); use a directory apart from it'],
    [{ staging: '/spool/staging' }, '6: delivery.pickup.staging: lies within spool (/spool); use a directory apart from it'],
    [{ directory: '/spool/archive' }, '5: delivery.pickup.directory: lies within spool (/spool); use a directory apart from it'],
    [{ keys: '/spool/outbox/keys' }, '2: keys: lies within spool (/spool); use a directory apart from it'],
    [{ keys: '/' }, '2: keys: contains spool (/spool); use a directory apart from it'],
    [
      { bad: '/mta/pickup' },
      '7: delivery.pickup.bad: is the same directory as delivery.pickup.directory (/mta/pickup); use a directory apart from it',
    ],
    [
      { bad: '/mta/staging/bad' },
      '7: delivery.pickup.bad: lies within delivery.pickup.staging (/mta/staging); use a directory apart from it',
    ],
    [
      { spool: 'mta', directory: '/etc/sealdrop/mta/pickup' },
      '5: delivery.pickup.directory: lies within spool (/etc/sealdrop/mta); use a directory apart from it',
    ],
  ])('must not overlap: %j', (settings, expected) => {
    expect(overlap(settings)[0]).toBe(expected);
  });

  it.each([{}, { staging: '/mta/pickup-staging' }, { bad: '/mta/pickup/bad' }, { spool: '/mta/spool' }, { staging: '/mta/..staging' }])(
    'may stand beside each other: %j',
    (settings) => {
      expect(overlap(settings)).toEqual([]);
    },
  );

  it('are held against the default spool as well', () => {
    expect(faultsIn('delivery:\n  pickup: { directory: /var/spool/sealdrop/p, staging: /s, bad: /b }\n')).toEqual([
      '2: delivery.pickup.directory: lies within spool (/var/spool/sealdrop); use a directory apart from it',
    ]);
  });
});
