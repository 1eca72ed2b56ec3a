import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiError, startSparkpost } from '../delivery/api/sparkpost-stub.js';
import { sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { blindToCarol, bob, carol, noServer, steve, succeeded, toBob, write } from './people.js';

let site: Site;
let plain: string;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob, carol], config: 'http: { listen: off }' });
  plain = write(site.directory, 'plain.eml', toBob);
});
afterEach(() => site.remove());

function send(host: string, file: string, ...args: string[]) {
  const env = { ...noServer, SPARKPOST_HOST: host, SPARKPOST_API_KEY: 'test-api-key' };
  return sealdrop(['send', file, '--send_api', ...args], { env });
}

describe('send --send-api', () => {
  it('hands the sealed message over, and tells where it went, but not the key', async () => {
    const stub = await startSparkpost();
    const run = succeeded(await send(stub.host, plain, '--sign', '--encrypt', '--keys', site.keys));
    expect(run.stdout.replace(/\d+\.\d{3}/, 'N')).toBe(
      [
        `SparkPost API Host: ${stub.host} API key: "********"`,
        `Sending: ${plain} From: Steve <steve@example.com> To: Bob <bob@example.net>`,
        'OK - in N seconds\n',
      ].join('\n'),
    );
    expect(run.stdout + run.stderr).not.toContain('test-api-key');
    expect(stub.taken).toMatchObject([{ returnPath: 'steve@example.com', recipients: ['bob@example.net'] }]);
    expect(stub.taken[0]?.message).toContain('smime-type=enveloped-data');
  });

  it('sends every copy, each to its own recipients', async () => {
    const stub = await startSparkpost();
    succeeded(await send(stub.host, write(site.directory, 'blind.eml', blindToCarol), '--encrypt', '--keys', site.keys));
    expect(stub.taken.map(({ recipients }) => recipients)).toEqual([['bob@example.net'], ['carol@example.org']]);
  });

  it('encodes doubled braces in the header, which SparkPost would replace', async () => {
    const stub = await startSparkpost();
    const file = write(site.directory, 'braces.eml', toBob.replace(/^Subject:.*$/m, 'Subject: for {{name}}'));
    succeeded(await send(stub.host, file, '--sign', '--keys', site.keys));
    expect(stub.taken[0]?.message).toMatch(/^Subject: for =\?utf-8\?q\?=7B=7Bname=7D=7D\?=\r$/m);
  });

  it('says what the API refuses, in its words, and exits with 65', async () => {
    const stub = await startSparkpost({ sendingDomains: [] });
    const run = await send(stub.host, plain);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('bob@example.net: 400 7001 Invalid domain: Unconfigured or unverified sending domain.');
  });

  it('does not get in with a wrong key (77), over the limit it tries later (75), without an API 69', async () => {
    const closed = await startSparkpost({ apiKey: 'another' });
    expect((await send(closed.host, plain)).status).toBe(77);
    const full = await startSparkpost({ answer: () => ({ status: 420, body: apiError('2101', 'Exceed Sending Limit (hourly)') }) });
    const run = await send(full.host, plain);
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('Exceed Sending Limit (hourly)');
    expect((await send('http://127.0.0.1:1', plain)).status).toBe(69);
  });

  it('stops when there is no key', async () => {
    const run = await sealdrop(['send', plain, '--send-api'], { env: noServer });
    expect(run.status).toBe(78);
    expect(run.stderr).toBe('Environment variable SPARKPOST_API_KEY not set - stopping\n');
  });

  it('takes host and key from the configuration, and tells recipients as JSON', async () => {
    const stub = await startSparkpost();
    const apiKeyFile = join(site.directory, 'key');
    writeFileSync(apiKeyFile, 'test-api-key\n', { mode: 0o600 });
    site.configure(`  sparkpost: { host: "${stub.host}", apiKeyFile: ${apiKeyFile}, subaccount: 7 }`);
    const run = succeeded(await sealdrop(['send', plain, '--send-api', '--json', '-c', site.configFile], { env: noServer }));
    expect(JSON.parse(run.stdout)).toMatchObject({ host: stub.host, recipients: [{ address: 'bob@example.net', status: 'accepted' }] });
    expect(stub.taken[0]?.headers['x-msys-subaccount']).toBe('7');
  });
});
