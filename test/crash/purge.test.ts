import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeHistory } from '../daemon/retention/history.js';
import { Program, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Random } from '../kit/random.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';

// The long form is `npm run lab:crash`.
const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 8);
const seed = Number(process.env.SEALDROP_CRASH_SEED ?? 1);

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });

describe.each([
  ['by hand, without a daemon', false],
  ['in the daemon, beside its work', true],
])('a purge %s', (_name, beside) => {
  const site = new Site({
    senders: [steve],
    recipients: [bob],
    config:
      'http: { listen: off }\nlog: { format: text }\narchive: { retention: 10 years, maxClockStep: 366d }\naudit: { segmentBytes: 1MiB }',
  });
  afterAll(() => site.remove());

  it(`killed ${kills} times at random moments, destroys nothing without its record and leaves nothing that has one`, {
    timeout: 600_000,
  }, async () => {
    const random = new Random(seed);
    // Due and kept ones lie in the same segments, two a day.
    const messages = Array.from({ length: 240 }, (_, n) => ({
      time: new Date(Date.UTC(2014, 0, 1 + (n >> 2), 8 + (n % 4))).toISOString(),
      to: [n % 4 === 3 ? 'kept@bank.example' : `due${n}@client.example`],
    }));
    const ids = await writeHistory(site.spool, messages);
    const kept = ids.filter((_, n) => n % 4 === 3);
    await archive('hold', '--reason', 'bank', '--domain', 'bank.example');
    const groups: string[] = [];
    for (let life = 0; life < kills; life++) {
      const [since, until] = [life, life + 1].map((part) => dayOfYear(Math.floor((part * 60) / kills)));
      groups.push((await archive('hold', '--reason', 'group', '--since', since ?? '', '--until', dayBefore(until ?? ''))).trim());
    }

    let interrupted = 0;
    for (const [life, group] of groups.entries()) {
      await archive('release', group, '--reason', 'its turn');
      const daemon = beside ? startDaemon(site) : undefined;
      await daemon?.untilOutput(/watching the outbox/);
      if (beside) site.drop(`${life}.eml`, `From: ${steve.address}\r\nTo: ${bob.address}\r\nSubject: ${life}\r\n\r\ntext\r\n`);
      const before = recorded();
      const command = new Program(purge(dueCount(await look()), '--confirm-clock'));
      if (life % 4 === 3) await new Promise((resolve) => setTimeout(resolve, random.between(100, 900)));
      else await waitFor('a record', () => command.hasEnded || recorded() > before, { everyMs: 1 });
      await (daemon ?? command).kill();
      await command.ended();
      expectRecordedBeforeDestroyed(ids);
      if ((JSON.parse(await look()) as { unfinished: number }).unfinished > 0) interrupted++;
    }
    // Otherwise this test has shown nothing.
    expect(interrupted).toBeGreaterThan(0);
    expect((await runOnce(site)).status).toBe(0);
    expect((await sealdrop(purge(dueCount(await look()), '--confirm-clock'))).status).toBe(0);

    const archived = [...site.archived().keys()];
    expect(archived.filter((id) => ids.includes(id))).toEqual(kept);
    const details = textOf('details');
    expect(details).not.toMatch(/due\d+@client/);
    expect(details.split('letter to kept@bank.example').length - 1).toBe(kept.length);
    expect((await sealdrop(['archive', 'verify', '-c', site.configFile])).stdout).toMatch(/^consistent/);
    if (beside) expect(site.pickedUp().length).toBe(kills);
  });

  async function archive(...args: string[]): Promise<string> {
    const run = await sealdrop(['archive', ...args, '-c', site.configFile]);
    expect(run.stderr).not.toMatch(/what to do/);
    return run.stdout;
  }

  const look = () => archive('purge', '--json');
  const recorded = () => purgedIds().length;

  function purge(count: number, ...more: string[]): string[] {
    return ['archive', 'purge', '--confirm', String(count), ...more, '-c', site.configFile];
  }

  function expectRecordedBeforeDestroyed(ids: readonly string[]): void {
    const there = new Set(site.archived().keys());
    const purged = new Set(purgedIds());
    expect(ids.filter((id) => !there.has(id) && !purged.has(id))).toEqual([]);
  }

  /** Also while the last line is being written, or was when it was killed. */
  function purgedIds(): string[] {
    return [...textOf('chain').matchAll(/"event":"purged","id":"([^"]*)".*"hash":"\w{64}"\}$/gm)].map(([, id = '']) => id);
  }

  function textOf(kind: 'chain' | 'details'): string {
    const audit = join(site.spool, 'audit');
    const names = readdirSync(audit).filter((name) => name.endsWith(`.${kind}.jsonl`));
    return names.map((name) => readFileSync(join(audit, name), 'utf8')).join('');
  }
});

/** The day of 2014, counted from 0. */
function dayOfYear(day: number): string {
  return new Date(Date.UTC(2014, 0, 1 + day)).toISOString().slice(0, 10);
}

function dayBefore(day: string): string {
  return new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

function dueCount(json: string): number {
  return (JSON.parse(json) as { messages: number }).messages;
}
