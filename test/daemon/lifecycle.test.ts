import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { askDaemon } from '../../src/daemon/control.js';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { describeAsNobody, nobody } from '../e2e/users.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';
import { expectWholeTrail, letter, newSite, pki, subjectsPickedUp, underWay } from './site.js';

const watching = /watching the outbox/;

let site: Site;
afterEach(() => site.remove());

describe('one daemon a spool', () => {
  test('a second one ends with 75, names the holder, and disturbs nothing', async () => {
    site = newSite();
    const first = startDaemon(site);
    await first.untilOutput(watching);
    for (const args of [[], ['--once']]) {
      const second = await sealdrop(['run', '-c', site.configFile, ...args]);
      expect(second.status).toBe(75);
      expect(second.stderr).toContain(`pid ${first.pid} on `);
    }
    site.drop('a.eml', letter('one'));
    await first.until('the first to go on', () => site.pickedUp().length === 1);
    expect((await first.terminate()).status).toBe(0);
    expect((await runOnce(site)).status).toBe(0);
    expectWholeTrail(site);
  });
});

describe('after a backlog', () => {
  test('mail that comes next is taken at its coming, not at the next rescan', async () => {
    site = newSite('outbox: { rescanMs: 10m }', 'info', ['maxWaiting: off']);
    for (let n = 0; n < 1200; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
    const daemon = startDaemon(site);
    await daemon.until('the backlog', () => site.pickedUp().length === 1200);
    site.drop('next.eml', letter('next'));
    await daemon.until('the next message', () => site.pickedUp().length === 1201);
    expect(await daemon.terminate()).toEqual({ status: 0, signal: null });
  });
});

describe('a request to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '(and SIGINT: %s) finishes what is in flight and leaves the rest in the outbox',
    async (signal) => {
      site = newSite('workers: 1');
      const subjects = Array.from({ length: 900 }, (_, n) => `message ${n}`);
      for (const [n, subject] of subjects.entries()) site.drop(`${n}.eml`, letter(subject));
      const daemon = startDaemon(site);
      await daemon.until('the first message', () => site.pickedUp().length > 0);
      daemon.signal(signal);
      expect(await daemon.ended()).toEqual({ status: 0, signal: null });
      expect(underWay(site)).toEqual([]);
      const sent = site.pickedUp().length;
      expect(sent).toBeLessThan(subjects.length);
      expect(site.waiting()).toHaveLength(subjects.length - sent);
      expect(site.archived().size).toBe(sent);
      expect(site.auditRecords().at(-1)?.event).toBe('stopped');
      expect((await runOnce(site)).status).toBe(0);
      expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
      expectWholeTrail(site);
    },
  );

  test('ends a daemon whose SMTP server is not there; its mail is kept', async () => {
    site = newSite('rules: [{ name: all, when: {}, delivery: { via: smtp } }]');
    const nobodyThere = { SMTP_HOST: '127.0.0.1', SMTP_PORT: '1' };
    site.drop('a.eml', letter('one'));
    const daemon = startDaemon(site, { env: nobodyThere });
    await daemon.untilOutput(/smtp-unavailable/);
    expect(await daemon.terminate(20_000)).toEqual({ status: 0, signal: null });
    expect(readdirSync(join(site.spool, 'work', 'sealed'))).toHaveLength(1);
    expect(site.quarantined()).toEqual([]);
  });

  test('ends a daemon that still waits for its pickup directory', async () => {
    site = newSite();
    renameSync(site.pickup, `${site.pickup}.away`);
    const daemon = startDaemon(site);
    await daemon.untilOutput(/directory-missing/);
    expect((await daemon.terminate(20_000)).status).toBe(0);
  });

  test('ends a daemon whose workers wait, with more before them than they can take; all of it is sent by the next', async () => {
    site = newSite('workers: 1');
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    renameSync(site.staging, `${site.staging}.away`);
    const subjects = Array.from({ length: 900 }, (_, n) => `message ${n}`);
    for (const [n, subject] of subjects.entries()) site.drop(`${n}.eml`, letter(subject));
    await daemon.untilOutput(/directory-missing/);
    // The queue fills up behind the workers.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await daemon.terminate(10_000)).status).toBe(0);
    renameSync(`${site.staging}.away`, site.staging);
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  test('does not wait for somebody who holds the control socket open', async () => {
    site = newSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    const idle = connect(join(site.spool, 'control.sock'));
    await once(idle, 'connect');
    expect((await daemon.terminate(20_000)).status).toBe(0);
    idle.destroy();
  });
});

describeWithMounts('a request to stop while the audit trail cannot be written', () => {
  test('ends the daemon; the mail it had in hand is sent by the next', async () => {
    // Intake would pause before it is full.
    site = newSite('allowVolatile: true\narchive: { minFree: off }');
    const audit = join(site.spool, 'audit');
    mountTiny(audit, 512);
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    const { bavail, bsize } = statfsSync(audit);
    writeFileSync(join(audit, 'filler'), Buffer.alloc(bavail * bsize));
    const subjects = Array.from({ length: 20 }, (_, n) => `message ${n}`);
    for (const [n, subject] of subjects.entries()) site.drop(`${n}.eml`, letter(subject));
    await daemon.untilOutput(/disk-full/);
    expect(await daemon.terminate(10_000)).toEqual({ status: 0, signal: null });
    rmSync(join(audit, 'filler'));
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });
});

describe('SIGHUP', () => {
  test('takes new rules without a restart, and records it', async () => {
    site = newSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    site.drop('a.eml', letter('before'));
    await daemon.until('the first', () => site.pickedUp().length === 1);
    configure('rules: [{ name: open, when: { to: "bob@example.net" }, protect: { encrypt: none } }]');
    daemon.signal('SIGHUP');
    await daemon.untilOutput(/configuration reloaded/);
    site.drop('b.eml', letter('after'));
    await daemon.until('the second', () => site.pickedUp().length === 2);
    await daemon.terminate();
    const [before, after] = [...site.sealed().values()].map(String);
    expect(before).toContain('smime-type=enveloped-data');
    expect(after).toContain('multipart/signed');
    expect(site.auditRecords().map(({ event }) => event)).toContain('reloaded');
  });

  test('with a broken configuration reports every fault with file and line, and keeps the old one', async () => {
    site = newSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    configure('protect: { digest: md5 }\nprotekt: {}');
    daemon.signal('SIGHUP');
    await daemon.untilOutput(/the old one stays/);
    expect(daemon.stderr).toMatch(/sealdrop\.yaml:\d+.*digest/);
    expect(daemon.stderr).toMatch(/sealdrop\.yaml:\d+.*protekt/);
    site.drop('a.eml', letter('one'));
    await daemon.until('the message', () => site.pickedUp().length === 1);
    expect((await daemon.terminate()).status).toBe(0);
    expect(String([...site.sealed().values()][0])).toContain('smime-type=enveloped-data');
  });

  test('with something that needs a restart says so and keeps the old one', async () => {
    site = newSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    configure('workers: 1');
    daemon.signal('SIGHUP');
    await daemon.untilOutput(/workers changed, which takes effect only at a restart/);
    expect((await daemon.terminate()).status).toBe(0);
  });

  function configure(extra: string): void {
    site.configure(`http: { listen: off }\nlog: { format: text, level: info }\noutbox: { rescanMs: 100 }\n${extra}`);
  }
});

describe('run --once', () => {
  test('drains both doors and ends with 0, whether there was mail or not', async () => {
    site = newSite('outbox: { settleMs: 500 }');
    expect((await runOnce(site)).status).toBe(0);
    site.drop('a.eml', letter('new'));
    site.dropAtOnce('b.eml', letter('outbox'));
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual(['new', 'outbox']);
    expect(underWay(site)).toEqual([]);
  });

  test('ends with 65 when a message was held', async () => {
    site = newSite();
    site.drop('a.eml', letter('one', { to: 'nobody@example.net' }));
    site.drop('b.eml', letter('two'));
    expect((await runOnce(site)).status).toBe(65);
    expect(subjectsPickedUp(site)).toEqual(['two']);
    // What was held before is no news.
    expect((await runOnce(site)).status).toBe(0);
  });

  test('ends with 75 when the pickup directory is missing, and the next one sends what waited', async () => {
    site = newSite();
    site.drop('a.eml', letter('one'));
    renameSync(site.pickup, `${site.pickup}.away`);
    const run = await runOnce(site);
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('directory-missing');
    renameSync(`${site.pickup}.away`, site.pickup);
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual(['one']);
  });
});

describe('a person’s commands to a running daemon', () => {
  test('retry sends a held message after its cause is mended; drop keeps its original in the archive', async () => {
    site = newSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    for (const name of ['a', 'b']) site.drop(`${name}.eml`, letter(name, { from: 'alice@example.com' }));
    await daemon.until('both to be held', () => site.quarantined().length === 2);
    const listed = await sealdrop(['queue', 'list', '--json', '-c', site.configFile]);
    const held = new Map((JSON.parse(listed.stdout) as { id: string; file: string }[]).map(({ id, file }) => [file, id]));
    writeIdentity(site.keys, pki.issue({ address: 'alice@example.com' }));
    expect((await sealdrop(['queue', 'retry', held.get('a.eml') ?? '', '-c', site.configFile])).status).toBe(0);
    await daemon.until('the retried one', () => subjectsPickedUp(site).includes('a'));
    expect((await sealdrop(['queue', 'drop', held.get('b.eml') ?? '', '-c', site.configFile])).status).toBe(0);
    expect((await sealdrop(['queue', 'drop', held.get('b.eml') ?? '', '-c', site.configFile])).status).toBe(64);
    await daemon.terminate();
    expect(site.quarantined()).toEqual([]);
    expect([...site.archived().keys()].sort()).toEqual([...held.values()].sort());
    expect(subjectsPickedUp(site)).toEqual(['a']);
    expectWholeTrail(site);
  });
});

describe('several decisions about one message at the same time', () => {
  test('are made one after the other: it is sent once, and whoever came later is told that it is gone', async () => {
    site = newSite();
    site.drop('a.eml', letter('a', { to: 'late@example.net' }));
    const daemon = startDaemon(site);
    const held = await daemon.until('it to be held', () => site.quarantined()[0]);
    writeRecipient(site.keys, pki.issue({ address: 'late@example.net' }));
    const ask = (action: 'retry' | 'drop') => askDaemon(join(site.spool, 'control.sock'), { ask: action, id: held.id, by: 0 });
    // It stands still while they are made, so that it hears all of them at once.
    daemon.signal('SIGSTOP');
    const asked = (['retry', 'retry', 'drop', 'retry', 'drop', 'retry'] as const).map(ask);
    await new Promise((resolve) => setTimeout(resolve, 300));
    daemon.signal('SIGCONT');
    const answers = await Promise.allSettled(asked);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'no-such-message' });
    await daemon.until('it to be sent', () => site.pickedUp().length > 0);
    expect(await daemon.terminate()).toEqual({ status: 0, signal: null });
    expect(site.auditRecords().filter(({ event }) => event === 'requeued' || event === 'dropped')).toHaveLength(1);
    expect([site.pickedUp().length, site.quarantined(), underWay(site)]).toEqual([1, [], []]);
    expectWholeTrail(site);
  });
});

describe('GET /health', () => {
  test('answers 200 while all is well and 503 with the reason while something waits', async () => {
    const port = await freePort();
    site = newSite(`http: { listen: "127.0.0.1:${port}" }`);
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    const ask = () => fetch(`http://127.0.0.1:${port}/health`);
    expect((await waitFor('the page', ask)).status).toBe(200);
    renameSync(site.pickup, `${site.pickup}.away`);
    site.drop('a.eml', letter('one'));
    const report = await waitFor('the reason', async () => {
      const answer = await ask();
      return answer.status === 503 && ((await answer.json()) as Awaited<ReturnType<typeof healthOf>>);
    });
    expect(report).toMatchObject({ status: 'waiting', pauses: [{ code: 'directory-missing' }] });
    expect(report).toEqual(await healthOf(site));
    renameSync(`${site.pickup}.away`, site.pickup);
    await waitFor('all to be well again', async () => (await ask()).status === 200);
    await daemon.terminate();
    expect(subjectsPickedUp(site)).toEqual(['one']);
  });
});

describeAsNobody('a daemon that may not write to its spool', () => {
  test('ends with 77 and says where', async () => {
    site = newSite();
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.keys, site.configFile]);
    mkdirSync(join(site.directory, 'closed'), { mode: 0o755 });
    chmodSync(join(site.directory, 'closed'), 0o755);
    writeFileSync(site.configFile, readFileSync(site.configFile, 'utf8').replace(/^spool: .*$/m, `spool: ${site.directory}/closed/spool`));
    const run = await sealdrop(['run', '-c', site.configFile], { uid: nobody, gid: nobody });
    expect(run.stderr).toContain(`${site.directory}/closed/spool`);
    expect(run.status).toBe(77);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
