import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../src/delivery/powermta-config/check.js';
import type { ConfigExpectation } from '../../../src/delivery/powermta-config/finding.js';
import { parseConfig } from '../../../src/delivery/powermta-config/tree.js';

const headers = ['x-envid', 'x-virtual-mta', 'x-job', 'x-dkim-options'];
const expected: ConfigExpectation = {
  directory: '/mta/pickup',
  bad: '/mta/bad',
  same: (one, other) => one === other,
  headers,
  senderDomains: ['example.com'],
  maxMessageBytes: 10 * 2 ** 20,
};

/** What nothing is wrong with, by its parts; each test changes one. */
const GOOD = {
  pickup: 'pickup /mta/pickup /mta/bad',
  source: `<source {pickup}>\n${headers.map((header) => `process-${header} yes`).join('\n')}\n</source>`,
  keys: 'domain-key mail,example.com,/etc/pmta/mail.pem',
  sign: '<domain *>\ndkim-sign yes\n</domain>',
};

function check(text: string, changed: Partial<ConfigExpectation> = {}): string[] {
  const tree = parseConfig(text, 'config', () => []);
  const findings = checkConfig(tree, { ...expected, ...changed });
  for (const { cure } of findings) expect(cure).toMatch(/\.$/);
  return findings.map(({ level, at, text }) => `${level} ${at === undefined ? '-' : at.line}: ${text}`);
}

const withParts = (changed: Partial<Record<keyof typeof GOOD | 'more', string>>) =>
  check(Object.values({ ...GOOD, ...changed }).join('\n'));

test('nothing is wrong with a configuration that has everything, in any case and order', () => {
  expect(withParts({})).toEqual([]);
  expect(check(Object.values(GOOD).reverse().join('\r\n').replaceAll('yes', 'True').replaceAll('process', 'Process'))).toEqual([]);
});

test('the example that comes with sealdrop fits the configuration that comes with it', () => {
  const example = readFileSync(new URL('../../../deploy/powermta/config.example', import.meta.url), 'utf8');
  const directory = '/var/spool/pmtaPickup/pickup';
  expect(check(example, { directory, bad: '/var/spool/pmtaPickup/badmail' })).toEqual([]);
});

test('an empty configuration lacks the pickup directive, its source and a key', () => {
  expect(check('')).toEqual([
    'error -: there is no pickup directive, so PowerMTA takes nothing out of a pickup directory',
    'error -: there is no <source {pickup}>: x-envid, x-virtual-mta, x-job, x-dkim-options of pickup files may be ignored, and sent to the recipients',
    'warning -: no domain-key is for example.com: mail from there leaves without a DKIM signature',
  ]);
});

describe('the pickup directive', () => {
  test.each([
    ['pickup /other /mta/bad', ['error 1: PowerMTA picks up from /other, and sealdrop puts mail into /mta/pickup']],
    ['pickup /mta/pickup /other', ['error 1: PowerMTA puts what it refuses into /other, and sealdrop looks for it in /mta/bad']],
    ['pickup /mta/pickup', ['error 1: the directory for refused files is missing']],
    [
      'pickup /mta/pickup /mta/bad\nPickup /b /c',
      ['error 2: there is more than one pickup directive, and PowerMTA supports one pickup directory'],
    ],
  ])('%j', (pickup, findings) => expect(withParts({ pickup })).toEqual(findings));

  test('that removes dots changes text', () => {
    const more = (value: string) => withParts({ more: `pickup-remove-dot ${value}` });
    expect(more('yes')).toEqual([
      'warning 12: pickup-remove-dot takes a dot from each line that begins with two, which no file of sealdrop has doubled',
    ]);
    expect(more('no')).toEqual([]);
  });
});

describe('<source {pickup}>', () => {
  const without = (header: string, instead = '') => withParts({ source: GOOD.source.replace(`process-${header} yes`, instead) });

  test.each(['x-virtual-mta', 'x-dkim-options'])('without process-%s is an error', (header) => {
    const text = `process-${header} is not on for pickup: ${header} is ignored, and sent to the recipients`;
    expect(without(header)).toEqual([`error 2: ${text}`]);
    const line = 3 + headers.indexOf(header);
    expect(without(header, `process-${header} no`)).toEqual([`error ${line}: ${text}`]);
  });

  test.each(['x-envid', 'x-job'])('without process-%s is a warning: the guide says both', (header) => {
    expect(without(header)).toEqual([
      `warning 2: process-${header} is not on for pickup: ${header} may be ignored, and sent to the recipients`,
    ]);
  });

  test('need not process what is not passed', () => {
    const source = '<source {pickup}>\nprocess-x-envid yes\n</source>';
    expect(check([GOOD.pickup, source, GOOD.keys, GOOD.sign].join('\n'), { headers: ['x-envid'] })).toEqual([]);
  });

  test('that is not there while <source 0/0> has everything is a doubt', () => {
    expect(withParts({ source: GOOD.source.replace('{pickup}', '0/0') })).toEqual([
      'warning -: there is no <source {pickup}>, and whether <source 0/0> counts for pickup files is not documented',
    ]);
  });

  test('must not retain what it processes', () => {
    const source = GOOD.source.replace('</source>', 'retain-x-job true\n</source>');
    expect(withParts({ source })).toEqual(['warning 7: retain-x-job leaves x-job in the mail that recipients get']);
  });

  test.each([
    ['18M', 1],
    ['1024K', 1],
    ['500000', 1],
    ['19M', 0],
    ['1G', 0],
    ['0', 0],
    ['unlimited', 0],
    ['quite large', 0],
  ])('with max-message-size %s has %i finding', (size, count) => {
    const findings = withParts({ more: `<source 0/0>\nmax-message-size ${size}\n</source>` });
    expect(findings).toHaveLength(count);
    if (count > 0) expect(findings[0]).toMatch(/^warning 13: max-message-size .* may refuse what sealdrop takes: it takes 10 MiB/);
  });
});

describe('what changes messages', () => {
  test('engagement tracking is found wherever it stands, unless it is off', () => {
    const more = (value: string) => withParts({ more: `<signals>\nEngagement-Tracking ${value}\n</signals>` });
    expect(more('sparkpost')).toEqual([
      'warning 13: engagement tracking is on in <signals>: it rewrites HTML, which breaks the signature of mail that is signed and not encrypted',
    ]);
    expect(more('none')).toEqual([]);
  });

  test.each(['Content-Type', 'x-mailer, mime-version', '"Content-Transfer-Encoding"'])('remove-header %s is an error', (list) => {
    const [finding, ...more] = withParts({ more: `<domain gmail.com>\nremove-header ${list}\n</domain>` });
    expect(more).toEqual([]);
    expect(finding).toMatch(
      /^error 13: remove-header takes \S+ off in <domain gmail.com>, and without it recipients cannot open sealed mail$/,
    );
  });

  test.each(['x-mailer,Received', '""', 'x-content-type'])('remove-header %s is none of our business', (list) => {
    expect(withParts({ more: `<domain gmail.com>\nremove-header ${list}\n</domain>` })).toEqual([]);
  });
});

describe('DKIM', () => {
  test.each(['m,example.com,/k', 'm, COM ,/k', 'm,*,/k'])('domain-key %s is for example.com', (key) => {
    expect(withParts({ keys: `<virtual-mta a>\ndomain-key ${key}\n</virtual-mta>` })).toEqual([]);
  });

  test.each(['m,mail.example.com,/k', 'm,ample.com,/k', 'm,/k'])('domain-key %s is not', (key) => {
    expect(withParts({ keys: `domain-key ${key}` })).toEqual([
      'warning 8: no domain-key is for example.com: mail from there leaves without a DKIM signature',
    ]);
  });

  test('with keys, and dkim-sign on nowhere, signs nothing', () => {
    expect(withParts({ sign: '<domain *>\ndkim-sign no\n</domain>' })).toEqual([
      'warning 8: there are domain keys, and dkim-sign is on nowhere: mail leaves without a DKIM signature',
    ]);
  });
});

describe('a power cut', () => {
  test('loses mail when PowerMTA does not write what it takes to the disk, and doubles it when it does not write what it did', () => {
    expect(withParts({ more: 'sync-msg-create false\nsync-msg-update no' })).toEqual([
      'warning 12: sync-msg-create is off: PowerMTA takes a file out of pickup before its own copy is on the disk, and a power cut loses that mail',
      'note 13: sync-msg-update is off: after a power cut PowerMTA may deliver again to recipients it has served',
    ]);
    expect(withParts({ more: 'sync-msg-create true\nsync-msg-update yes' })).toEqual([]);
  });
});

test('what cannot be read is told with what was found', () => {
  expect(withParts({ more: '<source 0/0>' })).toEqual(['warning 12: <source 0/0> is not ended']);
});
