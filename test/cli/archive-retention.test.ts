import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeHistory } from '../daemon/retention/history.js';
import { type Program, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { bob, steve, succeeded, toBob } from './people.js';

let site: Site;
let ids: string[];
let daemon: Program | undefined;
beforeEach(async () => {
  site = newSite('archive: { retention: 10 years }');
  ids = await writeHistory(site.spool, [
    { time: '2014-05-01T08:00:00.000Z' },
    { time: '2014-05-02T08:00:00.000Z', to: ['ann@client.example', 'bob@example.net'] },
    { time: '2025-05-02T08:00:00.000Z', to: ['ann@client.example'] },
  ]);
});
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

function newSite(config: string): Site {
  return new Site({ senders: [steve], recipients: [bob], config: `http: { listen: off }\nlog: { format: text }\n${config}` });
}

const archive = (...args: string[]) => sealdrop(['archive', ...args, '-c', site.configFile]);

describe.each([
  ['without a daemon', false],
  ['beside the daemon', true],
])('%s', (_name, beside) => {
  beforeEach(async () => {
    expect((await runOnce(site)).status).toBe(0);
    if (!beside) return;
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
  });

  it('purges in the order: look, hold, release, confirm the number; what is purged is gone and its trail verifies', async () => {
    const held = JSON.parse(
      succeeded(await archive('hold', '--reason', 'case 1', '--by', 'J. Doe', '--address', '*@CLIENT.example', '--json')).stdout,
    ) as { hold: string };
    expect(succeeded(await archive('holds')).stdout).toMatch(
      new RegExp(`^${held.hold} .*\\(J\\. Doe\\)\n.*address .*@CLIENT.example\n.*case 1`),
    );

    const dry = JSON.parse(succeeded(await archive('purge', '--json', '--list')).stdout) as Record<string, unknown>;
    expect(dry).toMatchObject({
      messages: 1,
      files: 1,
      rules: [{ rule: '10 years (every message)', messages: 1, oldest: '2014-05-01T08:00:00.000Z', newest: '2014-05-01T08:00:00.000Z' }],
      held: { messages: 1, holds: [{ hold: held.hold, reason: 'case 1', messages: 1 }] },
      list: [{ id: ids[0] }],
    });
    succeeded(await archive('release', held.hold, '--reason', 'closed'));
    expect((await archive('release', held.hold, '--reason', 'closed')).status).toBe(64);

    const wrong = await archive('purge', '--confirm', '1', '--confirm-clock');
    expect(wrong.status).toBe(65);
    expect(wrong.stderr).toMatch(/1 messages were confirmed, and it would be 2/);
    expect(succeeded(await archive('purge', '--confirm', '2', '--confirm-clock')).stdout).toMatch(
      /^2 messages destroyed: 2 files, details of 6 /m,
    );

    expect([...site.archived().keys()]).not.toContain(ids[0]);
    const shown = await archive('show', ids[1] ?? '');
    expect(shown.status).toBe(64);
    expect(shown.stderr).toMatch(/was purged on .*10 years \(every message\)/);
    expect((await archive('purge', '--confirm', '0')).stdout).toMatch(/^0 messages/m);
    expect(succeeded(await archive('verify')).stdout).toMatch(/^consistent/);
    expect(details()).not.toContain('bob@example.net');
    if (!beside) return;
    site.drop('after.eml', toBob);
    await daemon?.until('mail goes on', () => site.pickedUp().length === 1);
  });

  it('refuses after a jump of the clock until a person confirms it', async () => {
    const run = await archive('purge', '--confirm', '2');
    expect(run.status).toBe(65);
    expect(run.stderr).toMatch(/went ahead by .* days.*\n.*--confirm-clock/);
    expect([...site.archived().keys()]).toContain(ids[0]);
  });

  it('erases what somebody asks for, whoever else received it, but not what a rule keeps', async () => {
    const query = ['erase', '--address', 'ann@client.example', '--basis', 'request 7'];
    const dry = succeeded(await archive(...query)).stdout;
    expect(dry).toMatch(/to be kept, 10 years \(every message\): 1 message/);
    expect(dry).toMatch(/1 message went to other recipients too; the whole message is destroyed/);
    const run = await archive(...query, '--confirm', '1', '--confirm-clock');
    expect(run.status).toBe(65);
    expect(run.stdout).toMatch(/^1 to be kept by a rule of retention\n1 message destroyed/m);
    succeeded(await archive(...query, '--confirm', '1', '--despite-retention'));
    expect((await archive('show', ids[2] ?? '')).stderr).toMatch(/was erased on .*"request 7"/);
    expect((await archive(...query)).status).toBe(64);
    expect(succeeded(await archive('verify')).stdout).toMatch(/^consistent/);
    expect(details()).not.toContain('ann@client.example');
  });
});

it.each([
  ['hold', '--reason', 'x'],
  ['hold', '--reason', 'x', '--everything', '--domain', 'a.example'],
  ['hold', '--reason', 'x', '--since', '2024-02-30'],
  ['hold', '--reason', 'x', '--address', 'nobody'],
  ['erase', '--basis', 'x', '--id', 'y'],
  ['purge', '--confirm', 'all'],
])('refuses %s %s %s %s %s %s', async (...args) => {
  const run = await archive(...args.filter((each) => typeof each === 'string'));
  expect(run.status).toBe(64);
  expect(site.auditRecords().filter(({ event }) => String(event).startsWith('hold'))).toEqual([]);
});

it('holds a purged message that somebody puts back to work, and does not send it', async () => {
  expect((await runOnce(site)).status).toBe(0);
  succeeded(await archive('purge', '--confirm', '2', '--confirm-clock'));
  writeFileSync(join(site.spool, 'work', `${ids[0]}.eml`), toBob);
  await runOnce(site);
  expect(site.quarantined().map(({ facts }) => facts.code)).toEqual(['destroyed-came-back']);
  expect(site.pickedUp()).toEqual([]);
});

it('names a message in quarantine and does not touch it', async () => {
  site.drop('nobody.eml', toBob.replace('bob@example.net', 'nobody@example.net'));
  expect((await runOnce(site)).status).toBe(65);
  const [held] = site.quarantined();
  const run = await archive('erase', '--id', held?.id ?? '', '--basis', 'request 8');
  expect(run.stdout).toContain(`not touched, under way or held in the queue: ${held?.id}`);
});

it('destroys by its schedule what is due, without a number', { timeout: 120_000 }, async () => {
  site.remove();
  const next = new Date(Date.now() + 65_000).toISOString().slice(11, 16);
  site = newSite(`archive: { retention: 1 day, maxClockStep: 30d, purge: { schedule: daily at ${next} } }`);
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  ids = await writeHistory(site.spool, [{ time: daysAgo(4) }, { time: daysAgo(3) }, { time: daysAgo(0) }]);
  daemon = startDaemon(site);
  await daemon.untilOutput(/purged[\s\S]*by: schedule/, 100_000);
  expect([...site.archived().keys()]).toEqual([ids[2]]);
});

function details(): string {
  const audit = join(site.spool, 'audit');
  const names = readdirSync(audit).filter((name) => name.includes('details'));
  return names.map((name) => readFileSync(join(audit, name), 'utf8')).join('');
}

it('shows what a person wrote, and what lies in the archive under a name of its own, without what steers a terminal', async () => {
  const steering = '\u001b]0;owned\u0007\u202e';
  succeeded(await archive('hold', '--reason', `case ${steering}`, '--by', steering, '--everything'));
  writeFileSync(join(site.spool, 'archive', '2014', '05', '01', `x${steering}.eml`), '');
  for (const run of [await archive('holds'), await archive('purge'), await archive('verify')]) {
    expect(run.stdout).toContain('?]0;owned??');
    expect(run.stdout + run.stderr).not.toMatch(/[\u001b\u0007\u202e]/);
  }
});
