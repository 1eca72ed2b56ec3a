import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askDaemon } from '../../src/daemon/control.js';
import type { HealthReport } from '../../src/daemon/health.js';
import { letter, newSite } from '../daemon/site.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';

let site: Site;
let elsewhere: string;
const audit = (...args: string[]) => sealdrop(['audit', ...args, '-c', site.configFile]);
const chainText = () =>
  site
    .auditRecords()
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');

beforeEach(async () => {
  site = newSite();
  elsewhere = join(site.directory, 'elsewhere');
  mkdirSync(elsewhere);
});
afterEach(() => site.remove());

async function withMail(config = ''): Promise<void> {
  site.configure(`http: { listen: off }\nlog: { format: text }\n${config}`);
  for (const name of ['a', 'b']) site.drop(`${name}.eml`, letter(name));
  expect((await runOnce(site)).status).toBe(0);
}

describe('sealdrop audit head', () => {
  test('prints a line that is an anchor later', async () => {
    await withMail();
    const { stdout } = await audit('head');
    const last = site.auditRecords().at(-1);
    expect(stdout).toBe(`head ${last?.seq} ${last?.hash}\n`);
    expect(JSON.parse((await audit('head', '--json')).stdout)).toEqual({ seq: last?.seq, hash: last?.hash, time: last?.time });
    const heads = join(elsewhere, 'heads.txt');
    writeFileSync(heads, stdout);
    site.drop('c.eml', letter('c'));
    await runOnce(site);
    expect((await audit('verify', '--anchor', heads)).stdout.trim()).toBe(
      `consistent, complete up to record ${last?.seq} (anchor ${heads})`,
    );
  });

  test('fails where there is no record', async () => {
    expect(await audit('head')).toMatchObject({ status: 74, stderr: expect.stringContaining('there is no record') });
  });
});

describe('sealdrop audit export', () => {
  beforeEach(() => withMail());

  test('writes the lines of the chain, which are an anchor, and nothing personal', async () => {
    const { stdout } = await audit('export');
    expect(stdout).toBe(chainText());
    expect(stdout).not.toContain('bob@example.net');
    const file = join(elsewhere, 'export.jsonl');
    writeFileSync(file, stdout);
    expect((await audit('verify', '--anchor', file)).status).toBe(0);
  });

  test('with the details if asked for', async () => {
    const { stdout } = await audit('export', '--personal');
    expect(stdout).toContain('bob@example.net');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(site.auditRecords().length);
    expect(lines.every(({ salt, personal }) => salt !== undefined && personal !== undefined)).toBe(true);
  });

  test('of one message, of some days', async () => {
    const id = String(site.auditRecords().find(({ event }) => event === 'intent')?.id);
    const events = (stdout: string) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events((await audit('export', '--id', id)).stdout)).toEqual(['accepted', 'intent', 'committed']);
    expect((await audit('export', '--to', '2020-01-01')).stdout).toBe('');
    expect((await audit('export', '--from', '2020-01-01', '--to', '2999-12')).stdout).toBe(chainText());
    expect(await audit('export', '--from', 'yesterday')).toMatchObject({ status: 64, stderr: expect.stringContaining('is not a time') });
  });

  test('as a table', async () => {
    const { stdout } = await audit('export', '--format', 'csv', '--personal');
    const [head, first] = stdout.split('\r\n');
    const { time, hash } = site.auditRecords()[0] ?? {};
    expect(head).toBe('seq,time,event,id,outcome,algorithms,hash,detail');
    expect(first).toBe(`1,${time},segment,,,,${hash},"{""previous"":null}"`);
  });
});

describe('a second location and a file elsewhere', () => {
  beforeEach(() => withMail(`audit: { second: ${elsewhere}, forward: { file: ${elsewhere}-trail.jsonl } }`));

  test('hold the whole trail when run --once has ended, and are anchors', async () => {
    const last = site.auditRecords().at(-1)?.seq;
    expect(readFileSync(`${elsewhere}-trail.jsonl`, 'utf8')).toBe(chainText());
    const both = await audit('verify', '--anchor', elsewhere, '--anchor', `${elsewhere}-trail.jsonl`);
    expect(both.stdout.trim()).toBe(`consistent, complete up to record ${last} (anchor ${elsewhere})`);
    expect(both.stderr).toContain(`anchor ${elsewhere}-trail.jsonl: ${last} records are the same here, up to ${last}`);
  });

  test('are told by the health of a running daemon, with how far they are behind', async () => {
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    const told = await waitFor('everything to be held', async () => {
      const { forwarding } = (await askDaemon(join(site.spool, 'control.sock'), { ask: 'health' })) as HealthReport;
      return forwarding.length === 2 && forwarding.every(({ behind }) => behind === 0) && forwarding;
    });
    const last = site.auditRecords().at(-1);
    expect(told).toEqual(
      [`file ${elsewhere}-trail.jsonl`, `second ${elsewhere}`].map((target) => ({ target, held: last?.seq, time: last?.time, behind: 0 })),
    );
    expect((await sealdrop(['doctor', '-c', site.configFile, '--json'])).stdout).toMatch(/is on the same file system as the audit trail/);
    await daemon.terminate();
  });
});

test('doctor says what nobody else holds', async () => {
  await withMail();
  const doctor = async () => (await sealdrop(['doctor', '-c', site.configFile, '--json'])).stdout;
  expect(await doctor()).toContain(
    'nothing holds the head elsewhere: whoever is root here can cut off or rewrite the trail without being seen',
  );
  await withMail(`audit: { forward: { file: ${elsewhere}-trail.jsonl } }`);
  expect(await doctor()).toMatch(/trail\.jsonl holds the trail up to its head, record \d+/);
  rmSync(`${elsewhere}-trail.jsonl`);
  site.drop('c.eml', letter('c'));
  await runOnce(site);
  expect(await doctor()).toMatch(/holds the trail up to record \d+ of [^;]*; \d+ after it, the oldest of \S+, could be cut off/);
});

test('an anchor that is unusable ends the command with 65 and says why', async () => {
  await withMail();
  const { status, stderr } = await audit('verify', '--anchor', join(elsewhere, 'nothing'));
  expect(status).toBe(65);
  expect(stderr).toContain('ENOENT');
});
