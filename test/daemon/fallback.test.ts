import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startSparkpost } from '../delivery/api/sparkpost-stub.js';
import { type Sink, startScript, startSink } from '../delivery/servers.js';
import { describeWithMounts, mountTiny, remount } from '../disk/mounts.js';
import { type Program, runOnce, startDaemon } from '../kit/daemon.js';
import { Random } from '../kit/random.js';
import type { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { healthOf } from './health-of.js';
import { expectWholeTrail, letter, newSite, underWay } from './site.js';

let site: Site;
let daemon: Program | undefined;
afterEach(async () => {
  await daemon?.kill();
  daemon = undefined;
  site.remove();
});

const QUIET = 'http: { listen: off }\nlog: { format: text }\noutbox: { rescanMs: 100 }\n';
const bySmtp = (port: number) => `  fallback: smtp\n  smtp: { host: 127.0.0.1, port: ${port} }\n`;

function siteWith(delivery: string, more = ''): Site {
  const made = newSite('');
  made.configure(`${delivery}${QUIET}${more}`);
  return made;
}

const subjectIn = (bytes: Buffer | string) => /^Subject: (.*?)\r?$/m.exec(bytes.toString())?.[1] ?? '?';
const sent = (sink: Sink) => sink.received.map(({ message }) => subjectIn(message)).sort();
const pickedUp = () => [...site.sealed().values()].map(subjectIn).sort();
const describeDaemon = { describe: () => daemon?.stderr ?? '' };
const arrives = (what: string, where: () => string[]) => waitFor(`${what} to arrive`, () => where().includes(what), describeDaemon);
const away = () => `${site.pickup}.away`;
const takeAway = () => renameSync(site.pickup, away());
const bringBack = () => renameSync(away(), site.pickup);

async function stopped(): Promise<void> {
  const exit = await daemon?.terminate();
  expect(exit?.status, daemon?.stderr).toBe(0);
  daemon = undefined;
  expect(site.quarantined()).toEqual([]);
  expect(underWay(site)).toEqual([]);
  expectWholeTrail(site);
}

describe('delivery.fallback', () => {
  it('takes mail while the pickup directory is missing, says so, and leaves it to pickup when that is back', async () => {
    const sink = await startSink();
    site = siteWith(bySmtp(sink.port));
    takeAway();
    site.drop('1.eml', letter('one'));
    daemon = startDaemon(site);
    await arrives('one', () => sent(sink));
    const { status, pauses, troubles } = await healthOf(site);
    expect({ status, pauses }).toEqual({ status: 'ok', pauses: [] });
    expect(troubles).toMatchObject([{ where: 'fallback', code: 'fallback-in-use' }]);
    expect(troubles[0]?.message).toMatch(/^mail goes by smtp instead of by pickup: cannot find .*pickup: ENOENT/);
    expect(Date.parse(troubles[0]?.since ?? '')).toBeLessThanOrEqual(Date.now());

    bringBack();
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('2.eml', letter('two'));
    await arrives('two', pickedUp);

    takeAway();
    site.drop('3.eml', letter('three'));
    await arrives('three', () => sent(sink));
    bringBack();
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('4.eml', letter('four'));
    await arrives('four', pickedUp);
    expect(sent(sink)).toEqual(['one', 'three']);
    expect(pickedUp()).toEqual(['four', 'two']);
    expect(sink.received.every(({ message }) => !/^x-(?:sender|receiver|envid)/im.test(message.toString()))).toBe(true);
    await stopped();
  });

  it('records in the intent which way a copy goes, and why', async () => {
    const sink = await startSink();
    site = siteWith(bySmtp(sink.port));
    takeAway();
    site.drop('1.eml', letter('one'));
    expect((await runOnce(site)).status).toBe(0);
    const details = readdirSync(join(site.spool, 'audit')).filter((name) => name.endsWith('.details.jsonl'));
    const text = details.map((name) => readFileSync(join(site.spool, 'audit', name), 'utf8')).join('');
    expect(text).toMatch(/"via\\?":\\?"smtp\\?",\\?"fallback\\?":\\?"directory-missing/);
    expectWholeTrail(site);
  });

  it('takes mail while staging is gone with the mount it is on', async () => {
    const sink = await startSink();
    site = siteWith(bySmtp(sink.port));
    daemon = startDaemon(site);
    site.drop('1.eml', letter('one'));
    await arrives('one', pickedUp);
    const mta = join(site.directory, 'mta');
    renameSync(mta, `${mta}.away`);
    // What an unmounted file system leaves: the same directories, empty.
    for (const path of [site.pickup, site.staging, site.bad]) mkdirSync(path, { recursive: true });
    site.drop('2.eml', letter('two'));
    await arrives('two', () => sent(sink));
    expect(readdirSync(site.pickup)).toEqual([]);
    renameSync(mta, `${mta}.empty`);
    renameSync(`${mta}.away`, mta);
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('3.eml', letter('three'));
    await arrives('three', pickedUp);
    expect([pickedUp(), sent(sink)]).toEqual([['one', 'three'], ['two']]);
    await stopped();
  });

  it('goes by the SparkPost API as well, with doubled braces in the header encoded', async () => {
    const stub = await startSparkpost();
    site = siteWith(`  fallback: sparkpost\n  sparkpost: { host: "${stub.host}", apiKeyFile: key }\n`);
    writeFileSync(join(site.directory, 'key'), 'test-api-key\n', { mode: 0o600 });
    takeAway();
    site.drop('1.eml', letter('for {{name}}'));
    const run = await runOnce(site);
    expect(run.status, run.stderr).toBe(0);
    expect(stub.taken.map(({ message }) => subjectIn(message))).toEqual(['for =?utf-8?q?=7B=7Bname=7D=7D?=']);
  });

  it('does not take what only pickup can carry: that is tried again, and holds up nobody', async () => {
    const sink = await startSink();
    site = siteWith(
      bySmtp(sink.port),
      'rules:\n  - { name: bulk, when: { header: { subject: "bulk*" } }, delivery: { virtualMta: mta-2 } }\n',
    );
    takeAway();
    site.drop('1.eml', letter('bulk one'));
    site.drop('2.eml', letter('two'));
    expect((await runOnce(site)).status).toBe(75);
    expect(sent(sink)).toEqual(['two']);
    const [name = ''] = readdirSync(join(site.spool, 'retry')).filter((one) => one.endsWith('.json'));
    expect(JSON.parse(readFileSync(join(site.spool, 'retry', name), 'utf8'))).toMatchObject({ code: 'fallback-impossible' });
    expect(site.quarantined()).toEqual([]);
    expectWholeTrail(site);
  });

  it('takes mail while the MTA does not take what is in its pickup directory', async () => {
    const sink = await startSink();
    site = siteWith('');
    site.configure(`    maxWaiting: 2\n${bySmtp(sink.port)}${QUIET}`);
    daemon = startDaemon(site);
    site.drop('1.eml', letter('one'));
    await arrives('one', pickedUp);
    writeFileSync(join(site.pickup, 'of-another.eml'), 'x');
    await waitFor('pickup to be stuck', async () => (await healthOf(site)).troubles.length > 0, describeDaemon);
    expect((await healthOf(site)).troubles[0]?.message).toContain('the MTA does not keep up');
    site.drop('2.eml', letter('two'));
    await arrives('two', () => sent(sink));
    for (const name of site.pickedUp()) rmSync(join(site.pickup, name));
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('3.eml', letter('three'));
    await arrives('three', pickedUp);
    expect(sent(sink)).toEqual(['two']);
    await stopped();
  });

  it('waits for the fallback too when that does not serve, and the copy stays with it', async () => {
    const script = await startScript({ CONNECT: '421 4.3.2 not now' });
    site = siteWith(bySmtp(script.port));
    takeAway();
    site.drop('1.eml', letter('one'));
    daemon = startDaemon(site);
    await waitFor(
      'the fallback to be asked',
      async () => (await healthOf(site)).pauses.some(({ where }) => where === 'smtp'),
      describeDaemon,
    );
    bringBack();
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('2.eml', letter('two'));
    await arrives('two', pickedUp);
    await daemon.terminate();
    daemon = undefined;
    const sink = await startSink();
    site.configure(`${bySmtp(sink.port)}${QUIET}`);
    expect((await runOnce(site)).status).toBe(0);
    expect([pickedUp(), sent(sink)]).toEqual([['two'], ['one']]);
    expectWholeTrail(site);
  });
});

describeWithMounts('delivery.fallback and file systems', () => {
  it.each(['read-only', 'full'])('takes mail while that of pickup is %s', async (how) => {
    const sink = await startSink();
    site = newSite('');
    const mta = join(site.directory, 'mta');
    mountTiny(mta, 4096);
    for (const path of [site.pickup, site.staging, site.bad]) mkdirSync(path);
    site.configure(`${bySmtp(sink.port)}${QUIET}allowVolatile: true\n`);
    daemon = startDaemon(site);
    site.drop('1.eml', letter('one'));
    await arrives('one', pickedUp);
    const filler = join(mta, 'filler');
    if (how === 'read-only') remount(mta, 'ro');
    else writeFillerTo(filler);
    site.drop('2.eml', letter('two'));
    await arrives('two', () => sent(sink));
    if (how === 'read-only') remount(mta, 'rw');
    else rmSync(filler);
    await waitFor('pickup to be back', async () => (await healthOf(site)).troubles.length === 0, describeDaemon);
    site.drop('3.eml', letter('three'));
    await arrives('three', pickedUp);
    expect([pickedUp(), sent(sink)]).toEqual([['one', 'three'], ['two']]);
    await stopped();
  });
});

describe('delivery.fallback, with pickup coming and going', () => {
  it('sends every message once, one way or the other', async () => {
    const sink = await startSink();
    site = siteWith(bySmtp(sink.port));
    daemon = startDaemon(site);
    // Before it has started nothing comes and goes.
    site.drop('first.eml', letter('first'));
    await arrives('first', pickedUp);
    const random = new Random(7);
    const subjects = ['first'];
    for (let round = 0; round < 12; round++) {
      for (let n = 0; n < 40; n++) {
        subjects.push(`r${round}n${n}`);
        site.drop(`r${round}n${n}.eml`, letter(`r${round}n${n}`));
      }
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 300)));
      takeAwayOrBringBack();
    }
    if (existsSync(away())) bringBack();
    const all = () => [...pickedUp(), ...sent(sink)];
    await waitFor('all to arrive', () => all().length >= subjects.length, { deadlineMs: 60_000, ...describeDaemon });
    expect(all().sort()).toEqual(subjects.sort());
    expect(pickedUp().length).toBeGreaterThan(1);
    expect(sent(sink).length).toBeGreaterThan(0);
    await stopped();
  }, 120_000);

  it('loses nothing and sends nothing both ways when it is killed in between', async () => {
    const sink = await startSink();
    site = siteWith(bySmtp(sink.port));
    const random = new Random(11);
    const subjects: string[] = [];
    for (let life = 0; life < 10; life++) {
      for (let n = 0; n < 30; n++) {
        subjects.push(`l${life}n${n}`);
        site.drop(`l${life}n${n}.eml`, letter(`l${life}n${n}`));
      }
      daemon = startDaemon(site);
      const waiting = site.waiting().length;
      await waitFor('a claim', () => daemon?.hasEnded || site.waiting().length < waiting, describeDaemon);
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 250)));
        if (turn < 2) takeAwayOrBringBack();
      }
      if (life % 2 === 0) takeAwayOrBringBack();
      await daemon.kill();
    }
    if (existsSync(away())) bringBack();
    const last = await runOnce(site, { deadlineMs: 120_000 });
    expect(last.status, last.stderr).toBe(0);
    const files = pickedUp();
    const bySocket = sent(sink);
    expect(new Set([...files, ...bySocket])).toEqual(new Set(subjects));
    expect(files).toEqual([...new Set(files)]);
    expect(files.filter((subject) => bySocket.includes(subject))).toEqual([]);
    // By SMTP at least once: what came twice is the same message, octet by octet (I5).
    const bytes = new Map<string, string>();
    for (const { message } of sink.received) {
      const known = bytes.get(subjectIn(message));
      if (known !== undefined) expect(message.toString('latin1')).toBe(known);
      bytes.set(subjectIn(message), message.toString('latin1'));
    }
    expect(bySocket.length).toBeGreaterThan(0);
    expect(files.length).toBeGreaterThan(0);
    expect(site.quarantined()).toEqual([]);
    expect(underWay(site)).toEqual([]);
    expectWholeTrail(site);
  }, 240_000);
});

function takeAwayOrBringBack(): void {
  if (existsSync(away())) bringBack();
  else takeAway();
}

/** Fills the file system until nothing more goes in. */
function writeFillerTo(path: string): void {
  for (const chunk of [64 << 10, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(chunk, 'x'), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
