import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archivePath } from '../../../src/archive/path.js';
import type { TrailReport } from '../../../src/archive/verify/report.js';
import { Sampling } from '../../../src/archive/verify/sampling.js';
import { newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { newMessageId } from '../../../src/message-id.js';
import { Program, sealdrop } from '../../kit/daemon.js';
import { Site } from '../../kit/site.js';

// Large enough that a verification can be killed on its way.
const count = 20_000;
const firstDay = Date.UTC(2026, 10, 23);
const days = ['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26'];
const dayMs = 86_400_000;

let site: Site;
let ids: string[];
beforeAll(async () => {
  site = new Site({ config: 'http: { listen: off }\n' });
  const archive = join(site.spool, 'archive');
  let now = new Date(firstDay);
  const writer = await AuditWriter.start({ directory: join(site.spool, 'audit'), now: () => now });
  for (const day of days) mkdirSync(join(archive, day.replaceAll('-', '/')), { recursive: true });
  ids = [];
  for (let at = 0; at < count; at += 500) {
    now = new Date(firstDay + (at * days.length * dayMs) / count);
    const some = Array.from({ length: 500 }, (_, n) => newMessageId(now.getTime() + n));
    ids.push(...some);
    for (const id of some) writeFileSync(join(archive, archivePath(id)), id);
    const accepted = some.map((id) =>
      newEntry('accepted', { id }, { sizeBytes: id.length, sha256: createHash('sha256').update(id).digest('hex') }),
    );
    const intents = some.map((id) => newEntry('intent', { id }, { archive: archivePath(id), signerInfos: [] }));
    await writer.append([...accepted, ...intents]);
  }
  await writer.close();
}, 120_000);
afterAll(() => site.remove());

async function verify(...args: string[]): Promise<{ status: number | null; report: TrailReport; stderr: string }> {
  const run = await sealdrop(['archive', 'verify', '-c', site.configFile, '--json', ...args]);
  return { status: run.status, report: JSON.parse(run.stdout) as TrailReport, stderr: run.stderr };
}

/** An original altered as long as `during` runs. */
async function withAltered<T>(id: string, during: () => Promise<T>): Promise<T> {
  const path = join(site.spool, 'archive', archivePath(id));
  writeFileSync(path, 'altered');
  try {
    return await during();
  } finally {
    writeFileSync(path, id);
  }
}

describe('archive verify', () => {
  test('finds the one that was altered among all, with several threads or one', async () => {
    const id = ids[12_345] ?? '';
    await withAltered(id, async () => {
      for (const jobs of ['1', '4']) {
        const { status, report } = await verify('--jobs', jobs);
        expect(status).toBe(65);
        expect(report.findings).toEqual([expect.objectContaining({ kind: 'archive-altered', file: archivePath(id) })]);
        expect(report).toMatchObject({ archived: count, sizeBytes: (count - 1) * 36 + 7, signatures: { notSigned: count - 1, failed: 1 } });
      }
    });
  });

  test('a counted sample reads so many, the same with the same seed, and says what that means', async () => {
    const [one, again] = [await verify('--sample', '300', '--seed', 'a'), await verify('--sample', '300', '--seed', 'a', '--jobs', '3')];
    expect(one.report).toMatchObject({ archived: 300, findings: [], sample: { seed: 'a', originals: 300, of: count } });
    expect(one.report.sample?.implies).toContain('fewer than 0.99 % of the 20000 originals are altered');
    expect(again.report.sample).toEqual(one.report.sample);
    const share = await verify('--sample', '5%');
    expect(share.report.sample?.seed).toMatch(/^[0-9a-f]{16}$/);
    expect(Math.abs(share.report.archived - 1000)).toBeLessThan(160);
  });

  test('a sample finds an altered original if it reads it', async () => {
    const sampling = new Sampling({ share: 0.6 }, 'b');
    const isRead = (id: string) => sampling.has(Buffer.from(id.replaceAll('-', ''), 'hex'));
    const altered = [ids.find(isRead), ids.find((id) => !isRead(id))].map((id) => id ?? '');
    await withAltered(altered[0] ?? '', () =>
      withAltered(altered[1] ?? '', async () => {
        const { report } = await verify('--sample', '60%', '--seed', 'b');
        expect(report.findings.map(({ file }) => file)).toEqual([archivePath(altered[0] ?? '')]);
        expect(report.sample?.implies).toMatch(/^1 of \d+ were not what was recorded/);
      }),
    );
    expect((await verify('--sample', '100%', '--seed', 'b')).report).toMatchObject({ archived: count, findings: [] });
  });

  test('what is gone or was added is found whatever the sample', async () => {
    const added = join(site.spool, 'archive', archivePath(newMessageId(firstDay + 5)));
    writeFileSync(added, 'x');
    const { report } = await verify('--sample', '1').finally(() => rmSync(added));
    expect(report.findings.map(({ kind }) => kind)).toEqual(['archive-without-record']);
  });

  test('some days only', async () => {
    await withAltered(ids[0] ?? '', async () => {
      const { status, report } = await verify('--since', '2026-11-24', '--until', '2026-11-25');
      expect(status).toBe(0);
      expect(report).toMatchObject({ archived: count / 2, range: { since: '2026-11-24', until: '2026-11-25' } });
      expect((await verify('--until', '2026-11-23')).report.findings).toHaveLength(1);
    });
  });

  test.each([
    ['--sample', 'many'],
    ['--sample', '0'],
    ['--sample', '101%'],
    ['--since', '2026-02-30'],
    ['--jobs', '0'],
  ])('refuses %s %s, and says what is meant', async (option, value) => {
    const run = await sealdrop(['archive', 'verify', '-c', site.configFile, option, value]);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain('It is a');
  });
});

describe('a verification that was killed', () => {
  test('goes on where it was, keeps what it had found, and says that it was put together', async () => {
    const state = join(site.directory, 'state', 'verify.json');
    const args = ['archive', 'verify', '-c', site.configFile, '--json', '--jobs', '1', '--state', state];
    // Altered at the first run only: it must have been found then, and the second does not look again.
    await withAltered(ids[0] ?? '', async () => {
      const killed = new Program(args);
      await killed.until('something is remembered', () => existsSync(state));
      await killed.kill();
    });
    expect(statSync(state).mode & 0o777).toBe(0o600);
    const other = await sealdrop([...args, '--resume', '--hashes-only']);
    expect(other.status).toBe(74);
    expect(other.stderr).toMatch(/another verification/);
    const run = await sealdrop([...args, '--resume']);
    const report = JSON.parse(run.stdout) as TrailReport;
    expect(run.status).toBe(65);
    expect(report.findings).toEqual([expect.objectContaining({ kind: 'archive-altered', file: archivePath(ids[0] ?? '') })]);
    expect(report).toMatchObject({ archived: count, signatures: { notSigned: count - 1, failed: 1 } });
    expect(report.runs).toHaveLength(2);
    expect(existsSync(state)).toBe(false);
  });

  test('a state that somebody else could have written is refused, and so is one of another trail', async () => {
    const state = join(site.directory, 'given.json');
    const args = ['archive', 'verify', '-c', site.configFile, '--state', state];
    const killed = new Program(args);
    await killed.until('something is remembered', () => existsSync(state));
    await killed.kill();
    const written = readFileSync(state, 'utf8');
    chmodSync(state, 0o622);
    expect((await sealdrop([...args, '--resume'])).stderr).toMatch(/others can write it/);
    chmodSync(state, 0o600);
    writeFileSync(
      state,
      written.replace(/"hash":"[0-9a-f]/, (text) => text.replace(/.$/, text.endsWith('0') ? '1' : '0')).replace(/"seq":\d+/, '"seq":77'),
    );
    expect((await sealdrop([...args, '--resume'])).stderr).toMatch(/no longer holds record 77/);
    writeFileSync(state, 'nonsense');
    expect((await sealdrop([...args, '--resume'])).stderr).toMatch(/not the state of a verification/);
  });
});
