import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, DROP, type Script, SILENCE, startScript, startSink } from '../delivery/servers.js';
import { type Program, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const names = ['bob@example.net', 'carol@example.org', 'dave@example.net'];
const recipients = names.map((address) => pki.issue({ address }));
const toBob = 'From: steve@example.com\r\nTo: bob@example.net\r\nSubject: one\r\n\r\ntext\r\n';
/** Two copies: one for whom To names, and one for whom it does not. */
const blindToCarol = toBob.replace('Subject', 'Bcc: carol@example.org\r\nSubject');
/** One copy for three. */
const toThree = toBob.replace('Subject', 'Cc: carol@example.org, dave@example.net\r\nSubject');

let site: Site;
let daemon: Program | undefined;
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

describe('a recipient whose acceptance is recorded', () => {
  it('is not sent again after a kill -9 while the next copy was under way', async () => {
    const first = await startScript({ '.': (_, count) => (count === 1 ? '250 2.0.0 queued' : SILENCE) });
    prepare(blindToCarol, at(first));
    daemon = startDaemon(site);
    await waitFor('the second copy to be sent', () => first.wire.length === 2, { describe: () => daemon?.stderr ?? '' });
    await daemon.kill();
    const second = await startScript({});
    configure(at(second));
    expect((await runOnce(site)).status).toBe(0);
    expect(asked(first)).toEqual(['bob@example.net', 'carol@example.org']);
    expect(asked(second)).toEqual(['carol@example.org']);
    expect(second.wire).toEqual([first.wire[1]]);
    await expectNothingLeft();
  });

  it('is not sent again while another one of the same copy is deferred, nor is one that was refused', async () => {
    const script = await startScript({ RCPT: forEach({ carol: '451 4.7.1 greylisted', dave: '550 5.1.1 no such user' }) });
    prepare(toThree, at(script));
    expect((await runOnce(site)).status).toBe(75);
    const later = await startScript({ RCPT: forEach({ dave: '550 5.1.1 no such user' }) });
    configure(at(later));
    await tryNow();
    expect((await runOnce(site)).status).toBe(65);
    expect(asked(later)).toEqual(['carol@example.org']);
    expect(later.wire).toEqual(script.wire);
    const [held] = site.quarantined();
    expect(held?.facts).toMatchObject({ code: 'refused-by-server', refused: [{ address: 'dave@example.net', code: '550' }] });
  });
});

describe('a recipient who was refused', () => {
  it('is held for a person, also when a kill -9 came before the end of the message', async () => {
    const EHLO = '250 mx.example.net';
    const first = await startScript({ EHLO, RCPT: forEach({ bob: '550 5.1.1 no such user here' }), '.': SILENCE });
    prepare(blindToCarol, at(first));
    daemon = startDaemon(site);
    await waitFor('the second copy to be sent', () => first.wire.length === 1, {
      describe: () => daemon?.stderr ?? '',
    });
    await daemon.kill();
    const second = await startScript({});
    configure(at(second));
    expect((await runOnce(site)).status).toBe(65);
    expect(asked(second)).toEqual(['carol@example.org']);
    const [held] = site.quarantined();
    expect(held?.facts.message).toContain('bob@example.net: 550 5.1.1 no such user here');
    expect(held?.original.toString()).toBe(blindToCarol);

    expect((await sealdrop(['queue', 'retry', 'all', '-c', site.configFile])).status).toBe(0);
    expect((await runOnce(site)).status).toBe(0);
    expect(asked(second)).toEqual(['bob@example.net', 'carol@example.org']);
    expect(site.quarantined()).toEqual([]);
    await expectNothingLeft();
  });
});

describe('a server that fails', () => {
  it.each<[string, Record<string, Answer>]>([
    ['421 in its greeting', { CONNECT: '421 4.3.2 not now' }],
    ['421 at MAIL', { MAIL: '421 4.3.2 closing' }],
    ['421 after DATA', { DATA: '421 4.3.2 closing' }],
    ['421 after the dot', { '.': '421 4.3.2 closing' }],
    ['a connection that ends at RCPT', { RCPT: DROP }],
    ['a demand for a login', { MAIL: '530 Authorization required' }],
  ])('by %s makes mail wait where it is, with no attempt counted, and it goes when that is over', async (_, answers) => {
    const script = await startScript(answers);
    prepare(toBob, at(script));
    const run = await runOnce(site);
    expect(run.status).toBe(75);
    expect(readdirSync(join(site.spool, 'work')).filter((name) => name.endsWith('.json'))).toEqual([]);
    expect([...readdirSync(join(site.spool, 'retry')), ...site.quarantined()]).toEqual([]);
    const sink = await startSink();
    configure(at(sink));
    expect((await runOnce(site)).status).toBe(0);
    expect(sink.received).toHaveLength(1);
    await expectNothingLeft();
  });

  it('to answer after it has everything gets the same octets once more: the one duplicate there can be', async () => {
    const script = await startScript({ '.': (_, count) => (count === 1 ? DROP : '250 2.0.0 queued') });
    prepare(toBob, at(script));
    expect((await runOnce(site)).status).toBe(75);
    await tryNow();
    expect((await runOnce(site)).status).toBe(0);
    expect(script.wire).toHaveLength(2);
    expect(script.wire[1]).toEqual(script.wire[0]);
    expect(script.wire[0]?.toString()).toMatch(/^Message-ID: /im);
    await expectNothingLeft();
  });

  it('gives way to the next one; health names it, and its status stays ok', async () => {
    const sink = await startSink();
    prepare(toBob, `hosts: ["127.0.0.1:1", "127.0.0.1:${sink.port}"]`);
    daemon = startDaemon(site);
    await waitFor('the mail to arrive', () => sink.received.length === 1, { describe: () => daemon?.stderr ?? '' });
    const health = await healthOf(site);
    expect(health).toMatchObject({ status: 'ok', pauses: [], troubles: [{ where: 'smtp 127.0.0.1:1', code: 'smtp-unavailable' }] });
    expect(daemon.stderr).toContain('127.0.0.1:1 cannot take mail now');
    expect((await daemon.terminate()).status).toBe(0);
  });

  it('as all others do makes mail wait, and health names each', async () => {
    const script = await startScript({ CONNECT: '421 4.3.2 not now' });
    prepare(toBob, `hosts: ["127.0.0.1:1", "127.0.0.1:${script.port}"]`);
    daemon = startDaemon(site);
    const health = await waitFor(
      'health to say so',
      async () => {
        const report = await healthOf(site).catch(() => undefined);
        return report?.status === 'waiting' ? report : undefined;
      },
      { describe: () => daemon?.stderr ?? '' },
    );
    expect(health.pauses).toMatchObject([{ where: 'smtp', code: 'smtp-unavailable' }]);
    expect(health.pauses[0]?.message).toContain('127.0.0.1:1 cannot');
    expect(health.pauses[0]?.message).toContain(`127.0.0.1:${script.port} cannot take mail now: 421 4.3.2 not now`);
  });
});

describe('a token', () => {
  it('that has expired makes mail wait, and a new one in its file is used without a restart', async () => {
    const EHLO = '250-mx.example.net\r\n250 AUTH XOAUTH2';
    const fresh = `AUTH XOAUTH2 ${Buffer.from('user=steve\u0001auth=Bearer fresh-token\u0001\u0001').toString('base64')}`;
    const script = await startScript({ EHLO, AUTH: (command) => (command === fresh ? '235 2.7.0 Accepted' : '535 5.7.8 expired') });
    site = new Site({ senders: [sender], recipients });
    const tokenFile = join(site.directory, 'token');
    const renew = (token: string) => {
      writeFileSync(`${tokenFile}.new`, `${token}\n`);
      chmodSync(`${tokenFile}.new`, 0o600);
      renameSync(`${tokenFile}.new`, tokenFile);
    };
    renew('stale-token');
    configure(`${at(script)}, user: steve, auth: xoauth2, tokenFile: ${tokenFile}`);
    site.drop('one.eml', toBob);
    daemon = startDaemon(site);
    await daemon.untilOutput(/smtp-auth-failed/);
    renew('fresh-token');
    await waitFor('the mail to arrive', () => script.wire.length === 1, { describe: () => daemon?.stderr ?? '' });
    expect(daemon.stderr + daemon.stdout).not.toMatch(/stale-token|fresh-token/);
  });
});

describe('X-MSYS-API', () => {
  const submitted = 'X-MSYS-API: {"campaign_id": "spring", "options": {"click_tracking": true}}\r\n';

  it('goes before the sealed octets, the same at every attempt, with tracking off', async () => {
    const script = await startScript({ '.': (_, count) => (count === 1 ? '451 4.3.0 later' : '250 2.0.0 queued') });
    prepare(`${submitted}${toBob}`, `${at(script)}, profile: momentum`);
    expect((await runOnce(site)).status).toBe(75);
    const [sealed = ''] = readdirSync(join(site.spool, 'work', 'sealed'));
    const kept = readFileSync(join(site.spool, 'work', 'sealed', sealed), 'latin1');
    expect(kept.toLowerCase()).not.toContain('x-msys-api');
    await tryNow();
    expect((await runOnce(site)).status).toBe(0);
    const [first, second] = script.wire.map((content) => content.toString('latin1'));
    expect(second).toBe(first);
    expect(first?.endsWith(kept)).toBe(true);
    expect(JSON.parse((first ?? '').slice('X-MSYS-API:'.length, -kept.length).replaceAll('\r\n', ''))).toEqual({
      campaign_id: 'spring',
      options: { open_tracking: false, click_tracking: false },
    });
    await expectNothingLeft();
  });

  it('that names recipients of its own holds the message before anything is sent', async () => {
    const script = await startScript({});
    prepare(`X-MSYS-API: {"cc": ["eve@example.net"]}\r\n${toBob}`, `${at(script)}, profile: momentum`);
    expect((await runOnce(site)).status).toBe(65);
    expect(site.quarantined()[0]?.facts.code).toBe('bad-msys-api');
    expect(script.commands).toEqual([]);
  });

  it('is not sent to a server that does not know it', async () => {
    const script = await startScript({});
    prepare(`${submitted}${toBob}`, at(script));
    expect((await runOnce(site)).status).toBe(0);
    expect(script.wire[0]?.toString().toLowerCase()).not.toContain('x-msys-api');
  });
});

it('25 MB arrive as they were sealed', async () => {
  const sink = await startSink({ size: 100_000_000 });
  const script = await startScript({ MAIL: '451 4.3.0 later' });
  prepare(`${toBob}${`${'0123456789'.repeat(7)}\r\n`.repeat(347_222)}`, at(script));
  expect((await runOnce(site)).status).toBe(75);
  const [sealed = ''] = readdirSync(join(site.spool, 'work', 'sealed'));
  const kept = readFileSync(join(site.spool, 'work', 'sealed', sealed));
  expect(kept.length).toBeGreaterThan(25_000_000);
  configure(at(sink));
  await tryNow();
  expect((await runOnce(site)).status).toBe(0);
  const sha256 = (bytes: Buffer | undefined) =>
    createHash('sha256')
      .update(bytes ?? '')
      .digest('hex');
  expect(sha256(sink.received[0]?.message)).toBe(sha256(kept));
  await expectNothingLeft();
});

function prepare(message: string, smtp: string): void {
  site = new Site({ senders: [sender], recipients });
  configure(smtp);
  site.drop('one.eml', message);
}

function configure(smtp: string): void {
  site.configure(`  smtp: { ${smtp} }\nhttp: { listen: off }\nrules:\n  - { name: smtp, when: {}, delivery: { via: smtp } }\n`);
}

function at({ port }: { port: number }): string {
  return `host: 127.0.0.1, port: ${port}`;
}

/** As the clock does when the time of the next attempt has come. */
async function tryNow(): Promise<void> {
  const [ticket = ''] = readdirSync(join(site.spool, 'retry')).filter((name) => name.endsWith('.json'));
  expect((await sealdrop(['queue', 'retry', ticket.slice(0, 36), '-c', site.configFile])).status).toBe(0);
}

/** What the server says to RCPT, by a word in the address. */
function forEach(answers: Record<string, string>): (command: string) => string {
  return (command) => Object.entries(answers).find(([word]) => command.includes(word))?.[1] ?? '250 2.1.5 Ok';
}

function asked(script: Script): string[] {
  return script.commands.flatMap((command) => /^RCPT TO:<(.*)>/.exec(command)?.[1] ?? []).sort();
}

async function expectNothingLeft(): Promise<void> {
  for (const place of ['work', 'work/in', 'work/sealed', 'retry', 'quarantine']) {
    expect(
      readdirSync(join(site.spool, place)).filter((name) => /\.(eml|json)$/.test(name)),
      place,
    ).toEqual([]);
  }
  expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout).toMatch(/^consistent/m);
}
