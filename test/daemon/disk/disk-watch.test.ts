import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeWithMounts, mountTiny } from '../../disk/mounts.js';
import { type Program, runOnce, sealdrop, startDaemon } from '../../kit/daemon.js';
import type { Site } from '../../kit/site.js';
import { waitFor } from '../../kit/wait-for.js';
import { healthOf } from '../health-of.js';
import { expectWholeTrail, letter, newSite, subjectsPickedUp, underWay } from '../site.js';

const MiB = 1024 ** 2;
const day = 86_400_000;
let site: Site;
let daemon: Program | undefined;
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

describeWithMounts('a file system that is nearly full', () => {
  test('pauses intake before it is full, and everything accepted can still be decided on and recorded', async () => {
    startOn(() => mountTiny(site.spool, 64 * 1024));
    site.drop('bad.eml', 'no header here');
    await running().until('it to be held', () => site.quarantined().length === 1);
    fillUpTo(site.spool, 6 * MiB);
    const { status, pauses } = await thePause();
    site.drop('a.eml', letter('one'));
    expect(status).toBe('waiting');
    expect(pauses).toHaveLength(1);
    expect(pauses[0]).toMatchObject({ where: `disk ${site.spool}`, code: 'disk-nearly-full', disposition: 'wait' });
    expect(pauses[0]?.message).toMatch(
      /^6\.0 MiB are free on the file system of .*spool, and 8\.0 MiB are kept free \(archive\.minFree\)$/,
    );
    expect(pauses[0]?.cure).toContain('once 8.8 MiB are free');

    const dropped = await sealdrop(['queue', 'drop', 'all', '-c', site.configFile]);
    expect(dropped.status, dropped.stderr).toBe(0);
    expect(site.auditRecords().map(({ event }) => event)).toContain('dropped');
    expect(site.waiting()).toEqual(['a.eml']);

    rmSync(join(site.spool, 'filler'));
    await expectRecovered(['one']);
  });

  test('goes on only when a tenth more is free than it takes to pause', async () => {
    startOn(() => mountTiny(site.spool, 64 * 1024));
    await running().untilOutput(/watching the outbox/);
    fillUpTo(site.spool, 6 * MiB);
    await thePause();
    site.drop('a.eml', letter('one'));
    // More than is kept free, and less than a tenth more.
    fillUpTo(site.spool, 8.4 * MiB);
    const seen = await waitFor(
      'the new room to be seen',
      async () => {
        const health = await healthOf(site);
        return (health.disks[0]?.freeBytes ?? 0) > 8 * MiB && health;
      },
      described(),
    );
    expect(hasPause(seen)).toBeDefined();
    expect(site.waiting()).toEqual(['a.eml']);
    rmSync(join(site.spool, 'filler'));
    await expectRecovered(['one']);
  });

  test('counts inodes too', async () => {
    startOn(() => mountTiny(site.spool, 64 * 1024, 1000));
    await running().untilOutput(/watching the outbox/);
    const many = join(site.spool, 'many');
    mkdirSync(many);
    // 1000, of which 20 are kept free; the mail itself takes one.
    for (let n = 0; statfsSync(site.spool).ffree > 15; n++) writeFileSync(join(many, String(n)), '');
    const { pauses } = await thePause();
    site.drop('a.eml', letter('one'));
    expect(pauses[0]?.message).toMatch(/^1?\d inodes are free on the file system of .*spool, and 20 inodes are kept free/);
    expect(site.waiting()).toEqual(['a.eml']);
    rmSync(many, { recursive: true });
    await expectRecovered(['one']);
  });

  test('is named when it is the one of the audit trail alone', async () => {
    const audit = () => join(site.spool, 'audit');
    startOn(() => mountTiny(audit(), 32 * 1024));
    await running().untilOutput(/watching the outbox/);
    fillUpTo(audit(), 6 * MiB);
    const { pauses, disks } = await thePause();
    site.drop('a.eml', letter('one'));
    expect(pauses.map(({ where }) => where)).toEqual([`disk ${audit()}`]);
    expect(disks.map(({ holds }) => holds)).toEqual([['spool', 'archive', 'pickup'], ['audit']]);
    rmSync(join(audit(), 'filler'));
    await expectRecovered(['one']);
  });

  test('ends a run to the end with 75, and what waits stays in the outbox', async () => {
    siteOn(() => mountTiny(site.spool, 64 * 1024));
    expect((await runOnce(site)).status).toBe(0);
    fillUpTo(site.spool, 6 * MiB);
    site.drop('a.eml', letter('one'));
    const run = await runOnce(site);
    expect(run.stderr).toContain('disk-nearly-full');
    expect(run.status).toBe(75);
    expect(site.waiting()).toEqual(['a.eml']);
    rmSync(join(site.spool, 'filler'));
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual(['one']);
    expectWholeTrail(site);
  });

  test('is waited for at the MTA’s place where it is written, and not before', async () => {
    startOn(() => {
      mountTiny(join(site.directory, 'mta'), 64 * 1024);
      for (const path of [site.pickup, site.staging, site.bad]) mkdirSync(path);
    });
    await running().untilOutput(/watching the outbox/);
    fillUpTo(join(site.directory, 'mta'), 2 * MiB);
    site.drop('a.eml', letter('one'));
    await expectRecovered(['one']);
  });
});

describeWithMounts('the forecast', () => {
  test('warns in time, in health and in doctor, and comes from what was used in the last days', async () => {
    siteOn(() => mountTiny(site.spool, 64 * 1024));
    expect((await runOnce(site)).status).toBe(0);
    const file = join(site.spool, 'growth.json');
    const samples = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { timeMs: number; usedBytes: number; usedInodes: number }[]>;
    const [now] = samples[site.spool] ?? [];
    if (now === undefined) throw new Error('no sample was taken');
    fillUpTo(site.spool, 40 * MiB);
    // Some 23 MiB in two days: 32 MiB more until intake pauses last for less than three.
    samples[site.spool] = [{ ...now, timeMs: now.timeMs - 2 * day }];
    writeFileSync(file, JSON.stringify(samples));

    daemon = startDaemon(site);
    const { status, troubles, disks } = await waitFor(
      'the warning',
      async () => {
        const health = existsSync(join(site.spool, 'control.sock')) && (await healthOf(site));
        return health && health.troubles.length > 0 && health;
      },
      described(),
    );
    expect(status).toBe('ok');
    expect(troubles[0]).toMatchObject({ where: `disk ${site.spool}`, code: 'disk-filling' });
    expect(troubles[0]?.message).toMatch(/^40 MiB are free .* 1\d MiB more are used a day: at this rate intake pauses in 2 days$/);
    expect(disks[0]).toMatchObject({ path: site.spool, holds: ['spool', 'archive', 'audit'], keptFreeBytes: 8 * MiB });
    expect(disks[0]?.daysLeft).toBeGreaterThan(2);
    expect(disks[0]?.daysLeft).toBeLessThan(3);
    expect((await doctorFindings()).filter(({ topic }) => topic === 'disk')).toContainEqual(
      expect.objectContaining({ level: 'warning', text: troubles[0]?.message }),
    );
  });

  test('is not given before a day has passed', async () => {
    siteOn(() => mountTiny(site.spool, 64 * 1024));
    expect((await runOnce(site)).status).toBe(0);
    expect((await doctorFindings()).find(({ text }) => text.includes('spool, archive, audit'))?.text).toMatch(
      /^6\d MiB are free for .*; for how long is known once a daemon has run for a day$/,
    );
  });

  test('does without samples that somebody has spoilt', async () => {
    siteOn(() => mountTiny(site.spool, 64 * 1024));
    for (const spoilt of ['not json', '[]', '{"/x":[{"timeMs":"a"}]}', `{"${site.spool}":7}`]) {
      writeFileSync(join(site.spool, 'growth.json'), spoilt);
      const run = await runOnce(site);
      expect(run.status, run.stderr).toBe(0);
      expect(readFileSync(join(site.spool, 'growth.json'), 'utf8')).toContain('usedBytes');
    }
  });
});

function siteOn(mount: () => void): void {
  site = newSite('allowVolatile: true\narchive: { minFree: 8MiB }\noutbox: { rescanMs: 100, maxMessageBytes: 1MiB }');
  mount();
  for (const name of ['outbox', 'outbox/tmp', 'outbox/new']) mkdirSync(join(site.spool, name), { recursive: true, mode: 0o700 });
}

function startOn(mount: () => void): void {
  siteOn(mount);
  daemon = startDaemon(site);
}

function running(): Program {
  if (daemon === undefined) throw new Error('no daemon was started');
  return daemon;
}

const described = () => ({ describe: () => daemon?.stderr ?? '' });

const thePause = () => waitFor('the pause', async () => hasPause(await healthOf(site)), described());

function hasPause(health: Awaited<ReturnType<typeof healthOf>>) {
  return health.pauses.some(({ code }) => code === 'disk-nearly-full') ? health : undefined;
}

/** Leaves so many octets free. */
function fillUpTo(path: string, freeBytes: number): void {
  const filler = join(path, 'filler');
  const { bavail, bsize } = statfsSync(path);
  const heldBytes = statSync(filler, { throwIfNoEntry: false })?.size ?? 0;
  const sizeBytes = Math.floor((heldBytes + bavail * bsize - freeBytes) / bsize) * bsize;
  // In one step: a daemon that looks at it sees nothing in between.
  if (heldBytes > 0) truncateSync(filler, sizeBytes);
  else writeFileSync(filler, Buffer.alloc(sizeBytes));
}

async function doctorFindings() {
  const run = await sealdrop(['doctor', '-c', site.configFile, '--json']);
  return (JSON.parse(run.stdout) as { findings: { level: string; topic: string; text: string }[] }).findings;
}

async function expectRecovered(subjects: readonly string[]): Promise<void> {
  await running().until('all mail to be sent', () => site.pickedUp().length >= subjects.length);
  await waitFor('health to be well', async () => (await healthOf(site)).status === 'ok', described());
  expect((await running().terminate()).status).toBe(0);
  expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
  expect(underWay(site)).toEqual([]);
  expectWholeTrail(site);
}
