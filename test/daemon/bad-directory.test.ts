import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { type Program, runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { PickupRefusal } from '../kit/mta/pickup-mail.js';
import { PickupMta, type PickupReaderOptions } from '../kit/mta/pickup-reader.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';
import { bob, expectWholeTrail, letter, newSite } from './site.js';

let site: Site;
let daemon: Program | undefined;
let mta: PickupMta | undefined;
afterEach(async () => {
  await daemon?.kill();
  await mta?.stop();
  [daemon, mta] = [undefined, undefined];
  site.remove();
});

const quick = ['settleBadMs: 400ms'];
const refusedFiles = () => readdirSync(join(site.spool, 'quarantine', 'sealed')).filter((name) => name.endsWith('.eml'));
const eventsOf = (id: string) => site.auditRecords().flatMap((record) => (record.id === id ? [String(record.event)] : []));
const startMta = (options: Partial<PickupReaderOptions> = {}) => {
  mta = new PickupMta({ pickup: site.pickup, bad: site.bad, everyMs: 5, ...options });
  return mta;
};

interface Listed {
  id: string;
  place: string;
  code: string;
  message: string;
  cure: string;
  archive: string;
}

async function listed(): Promise<Listed[]> {
  return JSON.parse((await sealdrop(['queue', 'list', '--json', '-c', site.configFile])).stdout) as Listed[];
}

async function startRefusing(
  options: Partial<PickupReaderOptions> = {},
): Promise<{ refusing: { on: boolean }; taken: PickupMta['taken'] }> {
  site = newSite('', 'info', quick);
  const refusing = { on: true };
  const { taken } = startMta({
    take: () => {
      if (refusing.on) throw new PickupRefusal('suppressed');
      return undefined;
    },
    ...options,
  });
  daemon = startDaemon(site);
  await daemon.untilOutput(/watching the outbox/);
  return { refusing, taken };
}

describe('a file the MTA moves into its bad directory', () => {
  test('is held as the sealed file itself, with a pointer to its original, audited, counted, logged and listed', async () => {
    await startRefusing();
    site.drop('a.eml', letter('one'));
    await waitFor('the file', () => refusedFiles().length === 1, { describe: () => daemon?.stderr ?? '' });
    const [name = ''] = refusedFiles();
    const id = name.slice(0, 36);
    expect(name).toBe(`${id}-1.eml`);
    const held = readFileSync(join(site.spool, 'quarantine', 'sealed', name), 'latin1');
    expect(held).toMatch(/^x-sender: steve@example.com\r\nx-receiver: bob@example.net\r\n/);
    await waitFor('the bad directory to be empty', () => readdirSync(site.bad).length === 0);
    expect(site.pickedUp()).toEqual([]);
    expect(eventsOf(id)).toEqual(['accepted', 'intent', 'committed', 'rejected']);
    expect((await healthOf(site)).counters.rejected).toBe(1);
    expect(daemon?.stderr).toContain('rejected-by-mta');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(site.auditRecords().filter(({ event }) => event === 'handed-over')).toEqual([]);
    const [item] = await listed();
    expect(item).toMatchObject({ id: `${id}-1`, place: 'quarantine', code: 'rejected-by-mta' });
    expect(item?.message).toContain(bob.address);
    expect(item?.cure).toContain(`queue release ${id}-1`);
    expect(String(site.archived().get(id))).toBe(letter('one'));
    expect(existsSync(join(site.spool, 'archive', item?.archive ?? ''))).toBe(true);
    await daemon?.terminate();
    expectWholeTrail(site);
  });

  test('is never handed over again by itself; by a person it is, byte for byte, under a new name, once', async () => {
    const { refusing, taken } = await startRefusing();
    site.drop('a.eml', letter('one'));
    await waitFor('the file', () => refusedFiles().length === 1);
    const [name = ''] = refusedFiles();
    const id = name.slice(0, 36);
    const held = readFileSync(join(site.spool, 'quarantine', 'sealed', name));
    refusing.on = false;
    await daemon?.terminate();
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    site.drop('b.eml', letter('two'));
    await waitFor('the other mail', () => taken.length === 1);
    expect(taken.filter((mail) => mail.name.startsWith(id))).toEqual([]);

    expect((await sealdrop(['queue', 'retry', `${id}-1`, '-c', site.configFile])).stderr).toContain('is not simply tried again');
    const released = await sealdrop(['queue', 'release', `${id}-1`, '-c', site.configFile]);
    expect(released.status).toBe(0);
    await waitFor('the file again', () => taken.length === 2);
    const again = taken[1];
    expect(again?.name).toBe(`${id}-500001.eml`);
    expect(again?.envid).toBe(id);
    expect(held.toString('latin1').endsWith(again?.message.toString('latin1') ?? '?')).toBe(true);
    await waitFor('the end', () => refusedFiles().length === 0 && eventsOf(id).includes('restaged'));
    await waitFor('the result', () => eventsOf(id).length === 7);
    expect(eventsOf(id)).toEqual(['accepted', 'intent', 'committed', 'rejected', 'copy-released', 'restaged', 'committed']);
    expect(await listed()).toEqual([]);
    expect((await sealdrop(['queue', 'release', `${id}-1`, '-c', site.configFile])).stderr).toContain('there is no refused copy');
    await daemon.terminate();
    expectWholeTrail(site);
  });

  test('refused once more is held once more, under its new number', async () => {
    await startRefusing();
    site.drop('a.eml', letter('one'));
    await waitFor('the file', () => refusedFiles().length === 1);
    const [first = ''] = refusedFiles();
    await sealdrop(['queue', 'release', first.replace('.eml', ''), '-c', site.configFile]);
    const second = first.replace('-1.eml', '-500001.eml');
    await waitFor('the second refusal', () => refusedFiles().includes(second));
    expect(refusedFiles()).toEqual([second]);
    await sealdrop(['queue', 'release', second.replace('.eml', ''), '-c', site.configFile]);
    await waitFor('the third refusal', () => refusedFiles().includes(first.replace('-1.eml', '-500002.eml')));
  });

  test('can be given up: its original stays in the archive', async () => {
    await startRefusing();
    site.drop('a.eml', letter('one'));
    await waitFor('the file', () => refusedFiles().length === 1);
    const dropped = await sealdrop(['queue', 'drop', 'all', '-c', site.configFile]);
    expect(dropped.status).toBe(0);
    expect(refusedFiles()).toEqual([]);
    expect(site.archived().size).toBe(1);
    await daemon?.terminate();
    expectWholeTrail(site);
  });

  test.each(['%s.bad', 'refused-%s', '%s.1795', '%s'])('is recognised when the MTA calls it %s', async (shape) => {
    await startRefusing({ badName: (name) => shape.replace('%s', shape === '%s.bad' ? name.replace('.eml', '') : name) });
    site.drop('a.eml', letter('one'));
    await waitFor('the file', () => refusedFiles().length === 1 && readdirSync(site.bad).length === 0);
    expect(refusedFiles()[0]).toMatch(/-1\.eml$/);
  });

  test('is left where it is if no record names it, or it is no file, and other people’s files are not touched', async () => {
    site = newSite('', 'info', quick);
    const foreign = ['01a210a4-947f-72f7-a0bf-cee0e2fb886d-1.eml', 'from-another-feeder.eml'];
    for (const name of foreign) writeFileSync(join(site.bad, name), 'x-sender: a@example.com\r\n');
    mkdirSync(join(site.bad, '01a210a4-947f-72f7-a0bf-cee0e2fb886e-1.eml'));
    daemon = startDaemon(site);
    await daemon.untilOutput(/bad-file-left/);
    site.drop('a.eml', letter('one'));
    const [name = ''] = await waitFor('the file', () => site.pickedUp().length === 1 && site.pickedUp());
    renameSync(join(site.pickup, name), join(site.bad, name));
    await waitFor('ours', () => refusedFiles().length === 1 && !readdirSync(site.bad).includes(name));
    expect(readdirSync(site.bad)).toHaveLength(3);
    expect(daemon.stderr.match(/bad-file-left/g)).toHaveLength(1);
  });

  test('that somebody has changed there is held, and not handed over again', async () => {
    site = newSite('', 'info', quick);
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    site.drop('a.eml', letter('one'));
    const [name = ''] = await waitFor('the file', () => site.pickedUp().length === 1 && site.pickedUp());
    writeFileSync(join(site.pickup, name), 'x-sender: mallory@example.org\r\n');
    renameSync(join(site.pickup, name), join(site.bad, name));
    await waitFor('the file', () => refusedFiles().length === 1);
    const released = await sealdrop(['queue', 'release', name.replace('.eml', ''), '-c', site.configFile]);
    expect(released.stderr).toContain('is not what was handed to the MTA');
    expect(refusedFiles()).toHaveLength(1);
  });

  test('is held by run --once too, which ends with 65', async () => {
    site = newSite('', 'info', quick);
    site.drop('a.eml', letter('one'));
    expect((await runOnce(site)).status).toBe(0);
    const [name = ''] = site.pickedUp();
    renameSync(join(site.pickup, name), join(site.bad, name));
    expect((await runOnce(site)).status).toBe(65);
    expect(refusedFiles()).toEqual([name]);
    expect((await sealdrop(['queue', 'release', name.replace('.eml', ''), '-c', site.configFile])).status).toBe(0);
    expect((await runOnce(site)).status).toBe(0);
    expect(site.pickedUp()).toEqual([name.replace('-1.eml', '-500001.eml')]);
    expect(refusedFiles()).toEqual([]);
    expectWholeTrail(site);
  });
});

describeWithMounts('a bad directory on another mount', () => {
  test('is emptied as well', async () => {
    site = newSite('', 'info', quick);
    mountTiny(site.bad, 2048);
    startMta({
      take: () => {
        throw new PickupRefusal('suppressed');
      },
    });
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    for (let n = 0; n < 20; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
    await waitFor('all', () => refusedFiles().length === 20 && readdirSync(site.bad).length === 0, {
      describe: () => daemon?.stderr ?? '',
    });
    await daemon.terminate();
    expectWholeTrail(site);
  });
});
