import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { apiError, startSparkpost } from '../delivery/api/sparkpost-stub.js';
import { startScript, startSink } from '../delivery/servers.js';
import { type Program, runOnce, startDaemon } from '../kit/daemon.js';
import { writeRecipient } from '../kit/key-files.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';
import { bob, expectWholeTrail, letter, newSite, pki, subjectsPickedUp, underWay } from './site.js';

const carol = pki.issue({ address: 'carol@example.org' });
let site: Site;
let daemon: Program | undefined;
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

const sparkpost = (host: string, more = '') => `  sparkpost: { host: "${host}", apiKeyFile: key${more} }\n`;
const bySubject = (subject: string, way: string) =>
  `  - { name: ${way}, when: { header: { subject: "${subject}*" } }, delivery: { via: ${way} } }\n`;

/** `newSite` whose configuration has `delivery` beneath its section of that name. */
function siteWith(delivery: string, rules: string): Site {
  const made = newSite('');
  writeFileSync(join(made.directory, 'key'), 'test-api-key\n', { mode: 0o600 });
  made.configure(`${delivery}http: { listen: off }\nlog: { format: text }\noutbox: { rescanMs: 100 }\nrules:\n${rules}`);
  return made;
}

describe('a daemon with several ways', () => {
  it('sends each message by the way its rule names, and records it', async () => {
    const stub = await startSparkpost();
    const sink = await startSink();
    site = siteWith(
      `${sparkpost(stub.host)}  smtp: { host: 127.0.0.1, port: ${sink.port} }\n  sendmail: { program: sendmail }\n`,
      bySubject('api', 'sparkpost') + bySubject('smtp', 'smtp') + bySubject('program', 'sendmail'),
    );
    const program = join(site.directory, 'sendmail');
    writeFileSync(program, `#!/bin/sh\ncat > ${site.directory}/by-program\n`);
    chmodSync(program, 0o755);
    for (const subject of ['api', 'smtp', 'program', 'file']) site.drop(`${subject}.eml`, letter(subject));
    const run = await runOnce(site);
    expect(run.status, run.stderr).toBe(0);
    expect(stub.taken.map(({ message }) => /^Subject: (.*)\r$/m.exec(message)?.[1])).toEqual(['api']);
    expect(sink.received.map(({ message }) => /^Subject: (.*)\r?$/m.exec(message.toString())?.[1])).toEqual(['smtp']);
    expect(subjectsPickedUp(site)).toEqual(['file']);
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  it('lets nobody wait for a way that does not serve, and tells which that is', async () => {
    let limited = true;
    const stub = await startSparkpost({
      answer: () => (limited ? { status: 429, body: apiError('0', 'Too many requests'), headers: { 'retry-after': '1' } } : undefined),
    });
    const sink = await startSink();
    site = siteWith(
      `${sparkpost(stub.host)}  smtp: { host: 127.0.0.1, port: ${sink.port} }\n`,
      bySubject('api', 'sparkpost') + bySubject('smtp', 'smtp'),
    );
    for (const number of [1, 2, 3]) site.drop(`api${number}.eml`, letter(`api ${number}`));
    daemon = startDaemon(site);
    await waitFor('the API to be asked', () => stub.asked.count > 0, { describe: () => daemon?.stderr ?? '' });
    for (const number of [1, 2, 3]) site.drop(`smtp${number}.eml`, letter(`smtp ${number}`));
    await waitFor('the others to arrive', () => sink.received.length === 3, { describe: () => daemon?.stderr ?? '' });
    expect((await healthOf(site)).pauses).toMatchObject([{ where: 'sparkpost', code: 'sparkpost-busy' }]);
    expect(stub.taken).toEqual([]);
    limited = false;
    await waitFor('the API to be asked again', () => stub.taken.length === 3, { describe: () => daemon?.stderr ?? '' });
    await daemon.terminate();
    expect(site.quarantined()).toEqual([]);
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  it('asks a way that does not serve once under --once, and leaves its mail for the next run', async () => {
    const closed = await startSparkpost({ apiKey: 'another' });
    site = siteWith(sparkpost(closed.host, ', connections: 1'), bySubject('api', 'sparkpost'));
    for (const number of [1, 2, 3]) site.drop(`api${number}.eml`, letter(`api ${number}`));
    const run = await runOnce(site);
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('sparkpost-auth-failed');
    expect(run.stdout + run.stderr).not.toContain('test-api-key');
    expect(closed.asked.count).toBe(1);
    const stub = await startSparkpost();
    site.configure(`${sparkpost(stub.host)}http: { listen: off }\nlog: { format: text }\nrules:\n${bySubject('api', 'sparkpost')}`);
    expect((await runOnce(site)).status).toBe(0);
    expect(stub.taken).toHaveLength(3);
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  it('sends the same bytes again when it was killed while the API had them and no answer was recorded', async () => {
    const bodies: string[] = [];
    const silent = await startSparkpost({ answer: () => 'silence' });
    site = siteWith(sparkpost(silent.host), bySubject('api', 'sparkpost'));
    site.drop('api.eml', letter('api {{x}}'));
    daemon = startDaemon(site);
    await waitFor('the API to be asked', () => silent.asked.count > 0, { describe: () => daemon?.stderr ?? '' });
    await daemon.kill();
    for (const stub of [await startSparkpost(), await startSparkpost()]) {
      site.configure(`${sparkpost(stub.host)}http: { listen: off }\nrules:\n${bySubject('api', 'sparkpost')}`);
      const run = await runOnce(site);
      expect(run.status, run.stderr).toBe(0);
      bodies.push(...stub.taken.map(({ message }) => message));
    }
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain('Subject: api =?utf-8?q?=7B=7Bx=7D=7D?=');
    expectWholeTrail(site);
  });

  it('holds a recipient that was refused just before a kill, and says so after it', async () => {
    const script = await startScript({ RCPT: '550 5.1.1 no such user here' });
    const silent = await startSparkpost({ answer: () => 'silence' });
    site = siteWith(
      `${sparkpost(silent.host)}  smtp: { host: 127.0.0.1, port: ${script.port} }\n`,
      '  - { name: smtp, when: { to: bob@example.net }, delivery: { via: smtp } }\n  - { name: api, when: {}, delivery: { via: sparkpost } }\n',
    );
    writeRecipient(site.keys, carol);
    site.drop('two.eml', letter('two', { to: `${bob.address}, ${carol.address}` }));
    daemon = startDaemon(site);
    const refusals = () => site.auditRecords().filter(({ event, outcome }) => event === 'sent' && outcome === 'refused');
    await waitFor('the refusal to be recorded', () => refusals().length === 1, { describe: () => daemon?.stderr ?? '' });
    await daemon.kill();
    const stub = await startSparkpost();
    site.configure(`${sparkpost(stub.host)}  smtp: { host: 127.0.0.1, port: ${script.port} }\nhttp: { listen: off }\n`);
    expect((await runOnce(site)).status).toBe(65);
    expect(stub.taken).toHaveLength(1);
    expect(site.quarantined()).toMatchObject([{ facts: { code: 'refused-by-server' } }]);
    expect(String(site.quarantined()[0]?.facts.message)).toContain('bob@example.net: 550 5.1.1 no such user here');
    expectWholeTrail(site);
  });
});
