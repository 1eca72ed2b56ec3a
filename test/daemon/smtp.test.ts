import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Script, SILENCE, startScript, startSink } from '../delivery/servers.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const recipients = ['bob@example.net', 'carol@example.org'].map((address) => pki.issue({ address }));
const everythingBySmtp = 'http: { listen: off }\nrules:\n  - { name: smtp, when: {}, delivery: { via: smtp } }\n';
const toBob = 'From: steve@example.com\r\nTo: bob@example.net\r\nSubject: one\r\n\r\ntext\r\n';
const toBoth = toBob.replace('To: bob', 'Cc: carol@example.org\r\nTo: bob');

let site: Site;
afterEach(() => site.remove());

describe('a daemon that delivers by SMTP', () => {
  it('hands the sealed message to the server, archives the original and leaves nothing behind', async () => {
    const sink = await startSink();
    prepare(toBob);
    const run = await runOnce(site, { env: serverAt(sink.port) });
    expect(run.status).toBe(0);
    expect(sink.received).toHaveLength(1);
    expect(sink.received[0]?.to).toEqual(['bob@example.net']);
    expect(sink.received[0]?.message.toString()).toContain('smime-type=enveloped-data');
    expect([...site.archived().values()].map(String)).toEqual([toBob]);
    expectNothingUnderWay();
    await expectWholeTrail();
  });

  it('keeps mail while the server cannot be reached, counts no attempt, and sends it when it is back', async () => {
    prepare(toBob);
    const down = await runOnce(site, { env: serverAt(1) });
    expect(down.status).toBe(75);
    expect(down.stderr).toContain('smtp-unavailable');
    expect(site.quarantined()).toEqual([]);
    const sink = await startSink();
    const up = await runOnce(site, { env: serverAt(sink.port) });
    expect(up.status).toBe(0);
    expect(sink.received).toHaveLength(1);
    expectNothingUnderWay();
    await expectWholeTrail();
  });

  it('waits for a quarantine that is away, and holds what was refused when it is back', async () => {
    const script = await startScript({ RCPT: () => '550 5.1.1 no such user here' });
    prepare();
    const daemon = startDaemon(site, { env: serverAt(script.port) });
    await daemon.untilOutput(/watching the outbox/);
    const quarantine = join(site.spool, 'quarantine');
    renameSync(quarantine, `${quarantine}.away`);
    site.drop('a.eml', toBob);
    await daemon.untilOutput(/directory-missing/);
    renameSync(`${quarantine}.away`, quarantine);
    await daemon.until('the message is held', () => site.quarantined().length === 1);
    expect(await daemon.terminate()).toEqual({ status: 0, signal: null });
    expect(recipientsAsked(script)).toEqual(['bob@example.net']);
    await expectWholeTrail();
  });

  it('holds a message one of whose recipients is refused, with the server’s words, and never sends it to the others again', async () => {
    const script = await startScript({ RCPT: (command) => (command.includes('carol') ? '550 5.1.1 no such user here' : '250 2.1.5 Ok') });
    prepare(toBoth);
    const run = await runOnce(site, { env: serverAt(script.port) });
    expect(run.status).toBe(65);
    const [held] = site.quarantined();
    expect(held?.facts.code).toBe('refused-by-server');
    expect(held?.facts.message).toContain('550 5.1.1 no such user here');
    expect(recipientsAsked(script)).toEqual(['bob@example.net', 'carol@example.org']);

    const later = await startScript({});
    expect((await sealdrop(['queue', 'retry', 'all', '-c', site.configFile], { env: serverAt(later.port) })).status).toBe(0);
    expect((await runOnce(site, { env: serverAt(later.port) })).status).toBe(0);
    expect(recipientsAsked(later)).toEqual(['carol@example.org']);
    expect(later.wire[0]).toEqual(script.wire[0]);
    expect(site.quarantined()).toEqual([]);
    expectNothingUnderWay();
    await expectWholeTrail();
  });

  it('puts a greylisted message into retry and sends the same bytes when a person says so', async () => {
    const script = await startScript({ '.': (_command, count) => (count === 1 ? '451 4.7.1 greylisted' : '250 2.0.0 queued') });
    prepare(toBob);
    const run = await runOnce(site, { env: serverAt(script.port) });
    expect(run.status).toBe(75);
    const [name] = readdirSync(join(site.spool, 'retry')).filter((each) => each.endsWith('.json'));
    const ticket = JSON.parse(readFileSync(join(site.spool, 'retry', name ?? ''), 'utf8')) as { message: string; nextAttempt: string };
    expect(ticket.message).toContain('451 4.7.1 greylisted');
    expect(Date.parse(ticket.nextAttempt)).toBeGreaterThan(Date.now());

    const id = name?.slice(0, 36) ?? '';
    expect((await sealdrop(['queue', 'retry', id, '-c', site.configFile], { env: serverAt(script.port) })).status).toBe(0);
    expect((await runOnce(site, { env: serverAt(script.port) })).status).toBe(0);
    expect(script.wire).toHaveLength(2);
    expect(script.wire[1]).toEqual(script.wire[0]);
    expectNothingUnderWay();
    await expectWholeTrail();
  });

  it('sends the same bytes again when it was killed between the server’s acceptance and its record', async () => {
    const silent = await startScript({ '.': SILENCE });
    prepare(toBob);
    const daemon = startDaemon(site, { env: serverAt(silent.port) });
    await waitFor('the content to be sent', () => silent.wire.length === 1, { describe: () => daemon.stderr });
    await daemon.kill();
    const script = await startScript({});
    expect((await runOnce(site, { env: serverAt(script.port) })).status).toBe(0);
    expect(script.wire).toHaveLength(1);
    expect(script.wire[0]).toEqual(silent.wire[0]);
    expectNothingUnderWay();
    await expectWholeTrail();
  });
});

function prepare(message?: string): void {
  site = new Site({ senders: [sender], recipients, config: everythingBySmtp });
  if (message !== undefined) site.drop('one.eml', message);
}

function serverAt(port: number): NodeJS.ProcessEnv {
  return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) };
}

function recipientsAsked(script: Script): string[] {
  return script.commands.flatMap((command) => /^RCPT TO:<(.*)>/.exec(command)?.[1] ?? []).sort();
}

function expectNothingUnderWay(): void {
  for (const place of ['work', 'work/in', 'work/sealed', 'retry']) {
    expect(
      readdirSync(join(site.spool, place)).filter((name) => /\.(eml|json)$/.test(name)),
      place,
    ).toEqual([]);
  }
}

async function expectWholeTrail(): Promise<void> {
  const verified = await sealdrop(['audit', 'verify', '-c', site.configFile], { env: serverAt(1) });
  expect(verified.stdout).toMatch(/^consistent/m);
}
