import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Program, runOnce, startDaemon } from '../kit/daemon.js';
import { PickupMta } from '../kit/mta/pickup-reader.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf, pausesOf } from './health-of.js';
import { expectWholeTrail, letter, newSite, underWay } from './site.js';

let site: Site;
let daemon: Program | undefined;
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

function dropMany(count: number, first = 0): void {
  for (let n = first; n < first + count; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
}

describe('an MTA that does not keep up', () => {
  test('stops intake at maxWaiting, not one more: the rest waits in the outbox, health says why, and it goes on by itself, losing nothing', async () => {
    site = newSite('', 'info', ['maxWaiting: 20']);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    dropMany(400);
    const pause = await waitFor('the pause', async () => (await healthOf(site)).pauses.find(({ code }) => code === 'pickup-stuck'));
    expect(pause).toMatchObject({ where: 'pickup' });
    expect(pause.message).toContain(site.pickup);
    expect(pause.cure).toMatch(/goes on by itself when 10 or fewer wait/);
    await waitFor('what was let in', () => underWay(site).length === 0);
    expect(site.pickedUp().length).toBe(20);
    expect(site.waiting().length).toBe(400 - site.pickedUp().length);

    const mta = new PickupMta({ pickup: site.pickup, bad: site.bad });
    await waitFor('all mail', () => mta.taken.length === 400, { describe: () => daemon?.stderr ?? '' });
    await mta.stop();
    expect(new Set(mta.taken.map(({ name }) => name)).size).toBe(400);
    await waitFor('no pause', async () => (await pausesOf(site)).length === 0);
    await daemon.terminate();
    expectWholeTrail(site);
  });

  test('stops intake when a file has been waiting for longer than maxAge, until it is taken', async () => {
    site = newSite('', 'info', ['maxAge: 1s']);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    dropMany(1);
    const [first] = await waitFor('the first', () => site.pickedUp().length === 1 && site.pickedUp());
    await waitFor(
      'the stop',
      async () => {
        dropMany(1, 1 + readdirSync(join(site.spool, 'outbox', 'new')).length + site.pickedUp().length);
        return (await pausesOf(site)).includes('pickup-stuck');
      },
      { everyMs: 300 },
    );
    for (const name of site.pickedUp()) unlinkSync(join(site.pickup, name));
    await waitFor('the waiting one', () => site.pickedUp().some((name) => name !== first));
    expect(site.waiting()).toEqual([]);
  });

  test('ends run --once with 75 while mail waits, and with 0 when the MTA has caught up', async () => {
    site = newSite('', 'info', ['maxWaiting: 20']);
    dropMany(60);
    const stopped = await runOnce(site);
    expect(stopped.status).toBe(75);
    expect(stopped.stderr).toContain('pickup-stuck');
    expect(site.waiting().length).toBe(40);
    expect(underWay(site)).toEqual([]);
    const mta = new PickupMta({ pickup: site.pickup, bad: site.bad, everyMs: 1 });
    let status: number | null = 75;
    for (let run = 0; run < 10 && status === 75; run++) status = (await runOnce(site)).status;
    await mta.stop();
    expect(status).toBe(0);
    expect(mta.taken).toHaveLength(60);
    expectWholeTrail(site);
  });

  test('may be any number of files behind with maxWaiting: off', async () => {
    site = newSite('', 'info', ['maxWaiting: off', 'maxAge: off']);
    dropMany(60);
    expect((await runOnce(site)).status).toBe(0);
    expect(site.pickedUp()).toHaveLength(60);
  });
});
