import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import { spoolLayout } from '../../src/spool/layout.js';
import { prepareSpool } from '../../src/spool/prepare.js';
import { writeTicket } from '../../src/spool/ticket.js';
import { describeWithMounts, mountFrom, mountTiny, remount, unmount } from '../disk/mounts.js';
import { describeAsNobody, nobody } from '../e2e/users.js';
import { type Program, runOnce, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf, pausesOf } from './health-of.js';
import { expectWholeTrail, letter, newSite, subjectsPickedUp, underWay } from './site.js';

// Invariant I8: such faults pause intake, health says which and why, it goes on by itself, no attempt is counted, nothing is held.

let site: Site;
let daemon: Program;
afterEach(async () => {
  await daemon.kill();
  site.remove();
});

describe('a directory of the MTA that is not there', () => {
  test.each(['pickup', 'staging'] as const)('(%s) while the daemon runs: mail waits, and goes on when it is back', async (which) => {
    site = newSite();
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    renameSync(site[which], `${site[which]}.away`);
    site.drop('a.eml', letter('one'));
    const pause = await waitFor('the pause', async () => (await healthOf(site)).pauses[0], { describe: () => daemon.stderr });
    expect(pause.code).toBe('directory-missing');
    expect(pause.message).toContain(site[which]);
    expect(pause.cure).toMatch(/goes on by itself\.$/);
    renameSync(`${site[which]}.away`, site[which]);
    await expectRecovered(['one']);
  });

  test('at start: nothing is taken from the outbox before it is there', async () => {
    site = newSite();
    renameSync(site.pickup, `${site.pickup}.away`);
    site.drop('a.eml', letter('one'));
    daemon = startDaemon(site);
    await daemon.untilOutput(/directory-missing/);
    expect(site.waiting()).toEqual(['a.eml']);
    renameSync(`${site.pickup}.away`, site.pickup);
    await expectRecovered(['one']);
  });

  test('does not let a backlog be taken in: what cannot go on stays in the outbox', async () => {
    site = newSite('workers: 2');
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    renameSync(site.pickup, `${site.pickup}.away`);
    const subjects = Array.from({ length: 900 }, (_, n) => `message ${n}`);
    for (const [n, subject] of subjects.entries()) site.drop(`${n}.eml`, letter(subject));
    await waitFor('both workers to wait', async () => (await healthOf(site)).pauses.length === 2);
    // Four batches of 64 at most are in each worker's hands.
    expect(site.waiting().length).toBeGreaterThanOrEqual(900 - 2 * 4 * 64);
    renameSync(`${site.pickup}.away`, site.pickup);
    await expectRecovered(subjects);
  });
});

describeAsNobody('a directory that sealdrop’s user may not use', () => {
  test.each([
    ['outbox/new', 0o000, 0o700],
    ['outbox/tmp/../new', 0o500, 0o700],
    ['work/in', 0o500, 0o700],
    ['work', 0o500, 0o700],
    ['archive', 0o500, 0o700],
    ['../mta/staging', 0o555, 0o755],
    // Files can be made there, but not the directory's names durable: all else is written, the archive entry too.
    ['../mta/staging', 0o300, 0o755],
    ['../mta/pickup', 0o555, 0o755],
  ])('(%s) is waited for, and used again when it may', async (name, closed, open) => {
    site = newSite();
    const directory = join(site.spool, name);
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    daemon = startDaemon(site, { uid: nobody, gid: nobody });
    await daemon.untilOutput(/watching the outbox/);
    await whileItStandsStill(() => {
      chmodSync(site.drop('a.eml', letter('one')), 0o644);
      chmodSync(directory, closed);
    });
    const isItsPause = ({ code }: { code: string }) => code === 'no-access';
    const pause = await waitFor('the pause', async () => (await healthOf(site)).pauses.find(isItsPause), { describe: () => daemon.stderr });
    expect(pause.message).toContain(site.directory);
    chmodSync(directory, open);
    await expectRecovered(['one']);
  });

  test('(a door, at start) is waited for, and watched when it opens', async () => {
    site = newSite('outbox: { rescanMs: 1s }');
    const door = join(site.spool, 'outbox', 'new');
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    chmodSync(site.drop('a.eml', letter('one')), 0o644);
    chmodSync(door, 0o000);
    daemon = startDaemon(site, { uid: nobody, gid: nobody });
    await daemon.untilOutput(/watching the outbox/);
    await waitFor('the pause', async () => (await pausesOf(site)).includes('no-access'));
    await daemon.untilOutput(/watcher-failed/);
    chmodSync(door, 0o700);
    await expectRecovered(['one']);
  });

  test('(quarantine) is waited for: what is to be held is not lost', async () => {
    site = newSite();
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    daemon = startDaemon(site, { uid: nobody, gid: nobody });
    await daemon.untilOutput(/watching the outbox/);
    chmodSync(join(site.spool, 'quarantine'), 0o500);
    const bytes = letter('one', { to: 'nobody@example.net' });
    chmodSync(site.drop('a.eml', bytes), 0o644);
    await waitFor('the pause', async () => (await pausesOf(site)).includes('no-access'));
    expect(site.quarantined()).toEqual([]);
    chmodSync(join(site.spool, 'quarantine'), 0o700);
    await daemon.until('it to be held', () => site.quarantined().length === 1);
    await daemon.terminate();
    expect(String(site.quarantined()[0]?.original)).toBe(bytes);
    expectWholeTrail(site);
  });
});

describeAsNobody('a message in retry that is due while sealdrop’s user may not use', () => {
  test.each(['work', 'retry'])('%s: it is waited for, and the message goes when it may', async (name) => {
    site = newSite();
    const layout = spoolLayout(site.spool);
    prepareSpool(layout, { submitGid: undefined, auditGid: undefined });
    const id = newMessageId(Date.now());
    writeFileSync(join(layout.retry, `${id}.eml`), letter('one'));
    const nextAttempt = new Date(Date.now() + 4000).toISOString();
    const facts = { version: 1, id, file: 'a.eml', uid: nobody, time: new Date().toISOString(), attempts: 1, nextAttempt } as const;
    writeTicket(layout.retry, { ...facts, code: 'deferred-by-server', message: 'later', cure: 'Nothing to do.' });
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, site.directory]);
    daemon = startDaemon(site, { uid: nobody, gid: nobody });
    await daemon.untilOutput(/watching the outbox/);
    chmodSync(join(site.spool, name), name === 'work' ? 0o500 : 0o000);
    await waitFor('the pause', async () => (await pausesOf(site)).includes('no-access'), { describe: () => daemon.stderr });
    chmodSync(join(site.spool, name), 0o700);
    await daemon.until('it to be sent', () => site.pickedUp().length === 1);
    await waitFor('health to be well', async () => (await healthOf(site)).status === 'ok');
    expect((await daemon.terminate()).status).toBe(0);
    expect([subjectsPickedUp(site), underWay(site)]).toEqual([['one'], []]);
  });
});

describeWithMounts('the MTA’s file system', () => {
  test('that became read-only is waited for', async () => {
    site = newSite();
    const mta = join(site.directory, 'mta');
    mountFrom(mta, mta);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    remount(mta, 'ro');
    site.drop('a.eml', letter('one'));
    await waitFor('the pause', async () => (await pausesOf(site)).includes('read-only'), { describe: () => daemon.stderr });
    remount(mta, 'rw');
    await expectRecovered(['one']);
  });

  test('unmounted while the daemon runs is waited for: nothing is put into the empty directories beneath, nothing held', async () => {
    site = newSite();
    const [mta, disk] = [join(site.directory, 'mta'), join(site.directory, 'mta-disk')];
    for (const name of ['pickup', 'staging', 'badmail']) mkdirSync(join(disk, name), { recursive: true });
    mountFrom(disk, mta);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    unmount(mta);
    site.drop('a.eml', letter('one'));
    await waitFor('the pause', async () => (await pausesOf(site)).includes('staging-lost'), { describe: () => daemon.stderr });
    expect(readdirSync(site.pickup)).toEqual([]);
    mountFrom(disk, mta);
    await expectRecovered(['one']);
    expect(site.quarantined()).toEqual([]);
    unmount(mta);
    expect([...readdirSync(site.pickup), ...readdirSync(site.staging)]).toEqual([]);
  });

  test('that is full is waited for', async () => {
    site = newSite('allowVolatile: true');
    const mta = join(site.directory, 'mta');
    mountTiny(mta, 256);
    for (const name of ['pickup', 'staging', 'badmail']) mkdirSync(join(mta, name));
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    fill(mta);
    site.drop('a.eml', letter('one'));
    await waitFor('the pause', async () => (await pausesOf(site)).includes('disk-full'), { describe: () => daemon.stderr });
    expect(readdirSync(site.pickup)).toEqual([]);
    rmSync(join(mta, 'filler'));
    await expectRecovered(['one']);
  });
});

describeWithMounts('a spool of which a part is a mount of its own', () => {
  test.each(['outbox', 'archive'])('(%s) is refused at start with 78, before any mail is touched', async (part) => {
    site = newSite();
    site.drop('a.eml', letter('one'));
    daemon = startDaemon(site);
    await daemon.until('it to be sent', () => site.pickedUp().length === 1);
    await daemon.terminate();
    site.drop('b.eml', letter('two'));
    mountFrom(join(site.spool, part), join(site.spool, part));
    const run = await runOnce(site);
    expect(run.stderr).toContain('they are on different mounts');
    expect(run.status).toBe(78);
    expect(site.waiting()).toEqual(['b.eml']);
  });
});

describeWithMounts('a full spool', () => {
  test('is waited for; nothing is lost, and everything goes on when there is space', async () => {
    const subjects = await fullSpool();
    rmSync(join(site.spool, 'filler'));
    await expectRecovered(subjects);
  });

  test('loses nothing and sends nothing twice when the daemon is killed and started again while it is full', async () => {
    const subjects = await fullSpool();
    await daemon.kill();
    daemon = startDaemon(site);
    await daemon.untilOutput(/disk-full/);
    rmSync(join(site.spool, 'filler'));
    await expectRecovered(subjects);
  });

  test('under --once ends with 75, and the next run sends what waited', async () => {
    const subjects = await fullSpool();
    await daemon.kill();
    const full = await runOnce(site);
    expect(full.stderr).toContain('disk-full');
    expect(full.status).toBe(75);
    rmSync(join(site.spool, 'filler'));
    expect((await runOnce(site)).status).toBe(0);
    expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  /** A spool of 3 MiB with as many messages dropped as go into it, seen to be full by its daemon. Returns their subjects. */
  async function fullSpool(): Promise<string[]> {
    // Intake would pause before it is full (test/daemon/disk).
    site = newSite('allowVolatile: true\narchive: { minFree: off }');
    rmSync(site.spool, { recursive: true });
    mountTiny(site.spool, 3072);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    writeFileSync(join(site.spool, 'filler'), Buffer.alloc(2 << 20));
    const subjects: string[] = [];
    await whileItStandsStill(() => {
      while (dropIfItFits(`message ${subjects.length}`)) subjects.push(`message ${subjects.length}`);
      fill(site.spool, 'rest');
    });
    expect(subjects.length).toBeGreaterThan(50);
    await waitFor('the pause', async () => (await pausesOf(site)).includes('disk-full'), { describe: () => daemon.stderr });
    rmSync(join(site.spool, 'rest'), { force: true }); // not there if the last message filled the last block
    return subjects;
  }

  function dropIfItFits(subject: string): boolean {
    try {
      site.drop(`${subject}.eml`, `${letter(subject)}${'x'.repeat(5000)}\r\n`);
      return true;
    } catch {
      rmSync(join(site.spool, 'outbox', 'tmp', `${subject}.eml`), { force: true });
      return false;
    }
  }
});

/** Everything dropped has been sent exactly once, health is well, and the records prove it. */
async function expectRecovered(subjects: readonly string[]): Promise<void> {
  await daemon.until('all mail to be sent', () => site.pickedUp().length >= subjects.length);
  await waitFor('health to be well', async () => (await healthOf(site)).status === 'ok', { describe: () => daemon.stderr });
  expect((await daemon.terminate()).status).toBe(0);
  expect(subjectsPickedUp(site)).toEqual([...subjects].sort());
  expect(site.quarantined()).toEqual([]);
  expect(underWay(site)).toEqual([]);
  expect(site.waiting()).toEqual([]);
  expect(site.archived().size).toBe(subjects.length);
  expectWholeTrail(site);
}

/** Does something in one step as the daemon sees it. */
async function whileItStandsStill(change: () => void): Promise<void> {
  daemon.signal('SIGSTOP');
  change();
  daemon.signal('SIGCONT');
}

function fill(path: string, name = 'filler'): void {
  const { bavail, bsize } = statfsSync(path);
  if (bavail > 0) writeFileSync(join(path, name), Buffer.alloc(bavail * bsize));
}
