import { spawnSync } from 'node:child_process';
import { readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeWithMounts } from '../../disk/mounts.js';
import { runOnce, startDaemon } from '../../kit/daemon.js';
import { writeRecipient } from '../../kit/key-files.js';
import type { Site } from '../../kit/site.js';
import { expectWholeTrail, letter, newSite, pki, underWay } from '../site.js';

// Killed between the intent record and the result record: what the next start makes of each state of staging and pickup (I2).

const carol = pki.issue({ address: 'carol@example.org' });
const message = letter('one').replace('To: ', 'Bcc: carol@example.org\r\nTo: ');

let site: Site;
/** Names of the staged copies: one of the visible recipient, one of the blind one. */
let staged: string[];
afterEach(() => site.remove());

describe('a message of two copies whose daemon was killed with its intent recorded', () => {
  beforeEach(killBeforeCommit);

  test('none renamed: both are committed, once', async () => {
    await expectCommitted(staged, 'handed-to-mta');
  });

  test('one renamed: the other is committed, the first not again', async () => {
    renameInto(0);
    await expectCommitted(staged, 'handed-to-mta');
  });

  test('one renamed and taken by the MTA: only the other appears', async () => {
    renameInto(0);
    unlinkSync(join(site.pickup, staged[0] ?? ''));
    await expectCommitted(staged.slice(1), 'handed-to-mta');
  });

  test('both renamed and taken by the MTA, the result not recorded: nothing is sent again', async () => {
    for (const n of [0, 1]) {
      renameInto(n);
      unlinkSync(join(site.pickup, staged[n] ?? ''));
    }
    await expectCommitted([], 'handed-to-mta');
  });

  test('a staged file that is not what the intent names is not sent: the message is held, its other copy goes', async () => {
    writeFileSync(join(site.staging, staged[1] ?? ''), 'torn');
    await runOnce(site);
    expect(site.pickedUp()).toEqual(staged.slice(0, 1));
    const [held] = site.quarantined();
    expect(held?.facts).toMatchObject({ code: 'commit-unknown' });
    expect(String(held?.original)).toBe(message);
    expectWholeTrail(site);
  });

  test('the daemon waits for a pickup directory that is still away, then commits', async () => {
    renameSync(site.pickup, `${site.pickup}.away`);
    const daemon = startDaemon(site);
    await daemon.untilOutput(/directory-missing/);
    expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toEqual(staged);
    renameSync(`${site.pickup}.away`, site.pickup);
    await daemon.until('both copies', () => site.pickedUp().length === 2);
    await daemon.untilOutput(/watching the outbox/);
    await daemon.terminate();
    expect(underWay(site)).toEqual([]);
  });
});

describeWithMounts('after a power cut (another boot id)', () => {
  beforeEach(killBeforeCommit);

  test('a staged file that is there is committed, as a possible duplicate', async () => {
    expect(runOnceInAnotherBoot()).toMatchObject({ status: 0 });
    expect(site.pickedUp()).toEqual(staged);
    expect(lastOutcome()).toBe('possible-duplicate');
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  });

  test('a staged file that is gone had been committed, if the marker stands there', async () => {
    for (const n of [0, 1]) {
      renameInto(n);
      unlinkSync(join(site.pickup, staged[n] ?? ''));
    }
    expect(runOnceInAnotherBoot()).toMatchObject({ status: 0 });
    expect(site.pickedUp()).toEqual([]);
    expect(lastOutcome()).toBe('handed-to-mta');
  });

  test('a message that had no intent yet is sealed and sent as usual', async () => {
    expect(runOnceInAnotherBoot().status).toBe(0);
    site.drop('b.eml', message);
    expect(runOnceInAnotherBoot().status).toBe(0);
    expect(site.pickedUp()).toHaveLength(4);
    expect(lastOutcome()).toBe('handed-to-mta');
  });

  /** In a mount namespace of its own, where the kernel seems to tell another boot id. */
  function runOnceInAnotherBoot() {
    const bootId = join(site.directory, 'boot-id');
    writeFileSync(bootId, '11111111-2222-3333-4444-555555555555\n');
    const script = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" "$3" run -c "$4" --once';
    const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
    const args = ['--mount', 'sh', '-euc', script, 'sh', bootId, process.execPath, main, site.configFile];
    return spawnSync('unshare', args, { encoding: 'utf8', timeout: 60_000 });
  }
});

async function killBeforeCommit(): Promise<void> {
  site = newSite();
  writeRecipient(site.keys, carol);
  const daemon = startDaemon(site);
  await daemon.untilOutput(/watching the outbox/);
  renameSync(site.pickup, `${site.pickup}.away`);
  site.drop('a.eml', message);
  await daemon.untilOutput(/directory-missing/);
  await daemon.kill();
  renameSync(`${site.pickup}.away`, site.pickup);
  staged = readdirSync(site.staging)
    .filter((name) => name.endsWith('.eml'))
    .sort();
  expect(staged).toHaveLength(2);
}

/** As the daemon itself does it. */
function renameInto(n: number): void {
  renameSync(join(site.staging, staged[n] ?? ''), join(site.pickup, staged[n] ?? ''));
}

async function expectCommitted(names: readonly string[], outcome: string): Promise<void> {
  const run = await runOnce(site);
  expect(run.stderr).not.toMatch(/ error /);
  expect(run.status).toBe(0);
  expect(site.pickedUp()).toEqual(names);
  expect(lastOutcome()).toBe(outcome);
  expect(underWay(site)).toEqual([]);
  expect([...site.archived().values()].map(String)).toEqual([message]);
  expectWholeTrail(site);
}

function lastOutcome(): unknown {
  return site
    .auditRecords()
    .filter(({ event }) => event === 'committed')
    .at(-1)?.outcome;
}
