import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { describeWithMounts, mountTiny, unmount } from '../disk/mounts.js';
import { sealdrop, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { healthOf } from './health-of.js';
import { letter, newSite, pki } from './site.js';

const compliance = pki.issue({ address: 'compliance-rsa@example.com' });

let site: Site;
afterEach(() => site.remove());

async function siteWithSecond(more = ''): Promise<string> {
  site = newSite();
  const second = join(site.directory, 'second');
  mkdirSync(second, { recursive: true });
  site.configure(`http: { listen: off }\noutbox: { rescanMs: 100 }\narchive: { second: ${second}${more} }\n`);
  return second;
}

const mark = async () => expect((await sealdrop(['archive', 'mark-second', '-c', site.configFile])).status).toBe(0);
const verified = async () => (await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout;
const entries = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(eml|p7m)$/.test(name))
    .sort();

describe('a second location that goes away while the daemon runs', () => {
  test('stops mail, is named by health, and mail goes on when it is back; nothing is put in its place', async () => {
    const second = await siteWithSecond();
    await mark();
    const daemon = startDaemon(site);
    site.drop('a.eml', letter('before'));
    await daemon.until('the first message', () => site.pickedUp().length === 1);
    renameSync(second, `${second}.away`);
    mkdirSync(second);
    site.drop('b.eml', letter('meanwhile'));
    await daemon.untilOutput(/second-archive-missing/);
    expect((await healthOf(site)).pauses.map(({ code }) => code)).toContain('second-archive-missing');
    expect(readdirSync(second)).toEqual([]);
    expect(site.pickedUp()).toHaveLength(1);
    rmSync(second, { recursive: true });
    renameSync(`${second}.away`, second);
    await daemon.until('the second message', () => site.pickedUp().length === 2);
    await daemon.terminate();
    expect(entries(second)).toEqual(entries(join(site.spool, 'archive')));
    expect(await verified()).toMatch(/^consistent/m);
  });
});

describeWithMounts('a second location on a disk of its own', () => {
  test.each([
    ['plain', ''],
    ['encrypted', `, encryptTo: [${compliance.files.certificate}], keepSealed: full`],
  ])('that is full is waited for: nothing leaves, nothing is left without a record (%s)', async (_, more) => {
    const second = await siteWithSecond(more);
    mountTiny(second, 1024);
    await mark();
    writeFileSync(join(second, 'ballast'), Buffer.alloc(940 * 1024));
    const daemon = startDaemon(site);
    site.drop('a.eml', `${letter('large')}${'x'.repeat(75)}\r\n`.padEnd(100_000, 'text of a large message\r\n'));
    await daemon.untilOutput(/second-archive-unavailable.*ENOSPC|ENOSPC.*second-archive-unavailable/);
    expect(site.pickedUp()).toEqual([]);
    expect(entries(join(site.spool, 'archive'))).toEqual([]);
    rmSync(join(second, 'ballast'));
    await daemon.until('the message', () => site.pickedUp().length === 1, 30_000);
    await daemon.terminate();
    expect(entries(second)).toEqual(entries(join(site.spool, 'archive')));
    expect(await verified()).toMatch(/^consistent/m);
  });

  test('that is not mounted is not filled, and what its disk already holds is found again', async () => {
    const second = await siteWithSecond();
    mountTiny(second, 4096);
    await mark();
    unmount(second);
    const daemon = startDaemon(site);
    site.drop('a.eml', letter('unmounted'));
    await daemon.untilOutput(/second-archive-missing/);
    expect(readdirSync(second)).toEqual([]);
    await daemon.terminate();
  });
});
