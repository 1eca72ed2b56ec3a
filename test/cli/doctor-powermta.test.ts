import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { bob, noServer, steve, write } from './people.js';

let site: Site;
let config: string;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }' });
  config = join(site.directory, 'pmta-config');
});
afterEach(() => site.remove());

/** What doctor says of the MTA's configuration, and how it ends. */
async function ofMta(...args: string[]): Promise<{ status: number | null; findings: Finding[] }> {
  const run = await sealdrop(['doctor', '-c', site.configFile, '--json', ...args], { env: noServer });
  const { findings } = JSON.parse(run.stdout) as { findings: Finding[] };
  return { status: run.status, findings: findings.filter(({ topic }) => topic === 'mta') };
}

const source = ['x-envid', 'x-virtual-mta', 'x-job', 'x-dkim-options'].map((header) => `process-${header} yes`).join('\n');
const rest = `<source {pickup}>\n${source}\n</source>\ndomain-key m,*,/k\n<domain *>\ndkim-sign yes\n</domain>\n`;

test('doctor says that a configuration of PowerMTA fits, also when parts are included and paths are written otherwise', async () => {
  write(site.directory, 'part-1.conf', `Pickup ${site.pickup}/ "${site.bad}/../badmail"\n`);
  write(site.directory, 'part-2.conf', rest);
  write(site.directory, 'part-3.bak', 'pickup /one /more\n');
  writeFileSync(config, 'include part-*.conf\ninclude none-*.conf\n');
  expect(await ofMta('--powermta', config)).toEqual({
    status: 0,
    findings: [{ level: 'ok', topic: 'mta', text: `${config} fits what sealdrop does` }],
  });
});

test('doctor finds what is wrong in it, with file, line and cure, and exits 78', async () => {
  const included = write(site.directory, 'included', `\npickup /other ${site.bad}\n`);
  writeFileSync(config, `include included\n${rest.replace('domain-key m,*', 'domain-key m,example.org')}`);
  const { status, findings } = await ofMta('--powermta', config);
  expect(status).toBe(78);
  expect(findings).toEqual([
    {
      level: 'error',
      topic: 'mta',
      text: `${included}:2: PowerMTA picks up from /other, and sealdrop puts mail into ${site.pickup}`,
      cure: `Write "pickup ${site.pickup} ${site.bad}", or change delivery.pickup.directory.`,
    },
    {
      level: 'warning',
      topic: 'mta',
      text: `${config}:8: no domain-key is for example.com: mail from there leaves without a DKIM signature`,
      cure: 'Add "domain-key SELECTOR,example.com,FILE".',
    },
  ]);
});

test('headers that are not passed need not be processed; one that a rule sets must be', async () => {
  writeFileSync(config, `pickup ${site.pickup} ${site.bad}\n${rest.replace(/process-x-(?:virtual-mta|job|dkim-options) yes\n/g, '')}`);
  const noneBut = (rule: string) => {
    const pickup = `{ directory: ${site.pickup}, staging: ${site.staging}, bad: ${site.bad}, pass: [] }`;
    const rules = `rules:\n  - { name: bulk, when: {}, delivery: { ${rule} } }\n`;
    writeFileSync(
      site.configFile,
      `spool: ${site.spool}\nkeys: ${site.keys}\ndelivery: { pickup: ${pickup} }\n${rules}http: { listen: off }\n`,
    );
    return ofMta('--powermta', config);
  };
  expect((await noneBut('via: pickup')).findings).toMatchObject([{ level: 'ok' }]);
  expect((await noneBut('virtualMta: bulk')).findings).toMatchObject([
    { level: 'error', text: expect.stringContaining('process-x-virtual-mta') },
  ]);
});

test('a file that is named and cannot be read is an error; one that is looked for is not', async () => {
  expect(await ofMta('--powermta', join(site.directory, 'gone'))).toMatchObject({
    status: 78,
    findings: [{ level: 'error', text: expect.stringContaining('gone: it is not there') }],
  });
  expect(await ofMta()).toMatchObject({ status: 0 });
});
