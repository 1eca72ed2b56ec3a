import { mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const recipient = pki.issue({ address: 'bob@example.net' });
const message = `From: steve@example.com\r\nTo: bob@example.net\r\nSubject: one\r\n\r\ntext\r\n`;

let site: Site;
afterEach(() => site.remove());

describe('a daemon killed between intent and commit', () => {
  it('commits the staged copy at the next start, once', async () => {
    await killedBeforeCommit();
    returnPickup();
    const run = await runOnce(site);
    expect(run.status).toBe(0);
    expect(site.pickedUp()).toHaveLength(1);
    await expectWholeTrail();
  });

  it.each([
    [
      'emptied',
      () => {
        for (const name of readdirSync(site.staging)) unlinkSync(join(site.staging, name));
      },
    ],
    [
      'made anew',
      () => {
        rmSync(site.staging, { recursive: true });
        mkdirSync(site.staging);
      },
    ],
    ['gone', () => rmSync(site.staging, { recursive: true })],
  ])('holds the message when staging was %s in between: nothing is sent, nothing is lost', async (_how, lose) => {
    await killedBeforeCommit();
    returnPickup();
    lose();
    await runOnce(site);
    expect(site.pickedUp()).toEqual([]);
    const [held] = site.quarantined();
    expect(held?.facts.code).toBe('commit-unknown');
    expect(held?.original.toString()).toBe(message);

    mkdirSync(site.staging, { recursive: true });
    const refused = await sealdrop(['queue', 'retry', held?.id ?? '', '-c', site.configFile]);
    expect(refused.status).not.toBe(0);
    const released = await sealdrop(['queue', 'release', held?.id ?? '', '-c', site.configFile]);
    expect(released.status).toBe(0);
    const run = await runOnce(site);
    expect(run.stderr).not.toMatch(/ error /);
    expect(site.pickedUp()).toEqual([`${held?.id}-2.eml`]);
    expect(site.quarantined()).toEqual([]);
    await expectWholeTrail();
  });
});

/** The pickup directory is taken away while the daemon runs, so that it has its intent and cannot commit; then it is killed. */
async function killedBeforeCommit(): Promise<void> {
  site = new Site({ senders: [sender], recipients: [recipient], config: 'http: { listen: off }' });
  const daemon = startDaemon(site);
  await daemon.untilOutput(/watching the outbox/);
  renameSync(site.pickup, `${site.pickup}.away`);
  site.drop('one.eml', message);
  await daemon.untilOutput(/directory-missing/);
  expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toHaveLength(1);
  await daemon.kill();
}

function returnPickup(): void {
  renameSync(`${site.pickup}.away`, site.pickup);
}

async function expectWholeTrail(): Promise<void> {
  const verified = await sealdrop(['audit', 'verify', '-c', site.configFile]);
  expect(verified.stdout).toMatch(/^consistent/m);
}
