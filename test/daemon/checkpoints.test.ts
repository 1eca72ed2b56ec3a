import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkpointNames, checkpointPath } from '../../src/audit/checkpoint/files.js';
import { identityIn, reportOn, writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { healthOf } from './health-of.js';
import { letter, newSite } from './site.js';

const watching = /watching the outbox/;

let site: Site;
afterEach(() => site.remove());

/** A site whose daemon signs checkpoints. `audit`: further keys of that section. */
function signingSite(audit = ''): Site {
  site = newSite(`audit: { identity: audit.pem${audit === '' ? '' : `, ${audit}`} }\n`);
  writeAuditIdentity(site.directory);
  return site;
}

const auditOf = (of: Site) => join(of.spool, 'audit');
const numbers = () => checkpointNames(auditOf(site)).checkpoints;
const report = () => reportOn(auditOf(site), identityIn(join(site.directory, 'audit.pem')), { now: new Date() });

describe('the daemon', () => {
  test('signs a checkpoint at its start and at its end, over the record that it ends', async () => {
    signingSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    await daemon.until('the first checkpoint', () => numbers().length === 1);
    expect((await daemon.terminate()).status).toBe(0);
    expect(numbers()).toEqual([1, 2]);
    expect(site.auditRecords().map(({ event }) => event)).toEqual(['segment', 'started', 'checkpoint', 'stopped', 'checkpoint']);
    const { findings, checkpoints, records } = report();
    expect(findings).toEqual([]);
    // All but its own record.
    expect(checkpoints).toMatchObject({ sound: 2, last: { number: 2, records: records - 1 } });
  });

  test('signs one when the last is old enough, though nothing happens', async () => {
    signingSite('checkpointMaxAge: 1s');
    const daemon = startDaemon(site);
    await daemon.until('checkpoints of an idle daemon', () => numbers().length >= 4);
    await daemon.terminate();
    expect(report().findings).toEqual([]);
  });

  test('signs one after so many records', async () => {
    signingSite('checkpointRecords: 10');
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    for (let n = 0; n < 30; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
    await daemon.until('the mail', () => site.pickedUp().length === 30);
    await daemon.terminate();
    expect(numbers().length).toBeGreaterThan(3);
    expect(report().findings).toEqual([]);
  });

  test('proves a message that came a moment ago: it signs a checkpoint for it', async () => {
    signingSite();
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    await daemon.until('the first checkpoint', () => numbers().length === 1);
    const mail = join(site.directory, 'a.eml');
    writeFileSync(mail, letter('to be proven'));
    site.drop('a.eml', readFileSync(mail));
    await daemon.until('the mail', () => site.pickedUp().length === 1);
    await daemon.until('its last record', () => site.auditRecords().some(({ event }) => event === 'committed'));
    const id = String(site.auditRecords().find(({ event }) => event === 'accepted')?.id);
    const proof = join(site.directory, 'proof.json');
    const proved = await sealdrop(['audit', 'prove', id, '-c', site.configFile, '--out', proof]);
    expect(proved.stderr).toContain('Written to');
    expect(proved.status).toBe(0);
    await daemon.terminate();

    // Elsewhere: neither configuration nor spool are there.
    const certificate = join(site.directory, 'audit.crt');
    rmSync(site.spool, { recursive: true });
    rmSync(site.configFile);
    const checked = await sealdrop(['audit', 'check', proof, '--cert', certificate, '--original', mail]);
    expect(checked.stdout).toMatch(/accepted .*: unchanged since checkpoint 2\n {2}file: a\.eml\n/);
    expect(checked.stdout).toContain(`${mail} is, to the octet, the file that was accepted.`);
    expect(checked.stdout).toMatch(/^proven$/m);
    expect(checked.status).toBe(0);
    // Who signed is a matter of whom one believes.
    expect((await sealdrop(['audit', 'check', proof])).status).toBe(65);
    writeFileSync(mail, letter('something else'));
    const other = await sealdrop(['audit', 'check', proof, '--cert', certificate, '--original', mail]);
    expect(other.stdout).toMatch(/fault: the original: it is not the file that was accepted/);
    expect(other.status).toBe(65);
  });

  test('has nothing proven while none runs and a record is under no checkpoint: 75', async () => {
    site = newSite();
    expect((await runOnce(site)).status).toBe(0);
    const result = await sealdrop(['audit', 'prove', '1', '-c', site.configFile]);
    expect(result.status).toBe(75);
    expect(result.stderr).toMatch(/record 1 is under no checkpoint yet/);
  });

  test('does not start with an audit identity that cannot sign, and says which', async () => {
    signingSite();
    rmSync(join(site.directory, 'audit.crt'));
    const result = await runOnce(site);
    expect(result.status).toBe(78);
    expect(result.stderr).toMatch(/audit\.identity: .*no certificate for the private key/);
    expect(existsSync(auditOf(site)) && site.auditRecords()).toEqual([]);
  });

  test('goes on when the newest checkpoint was damaged, and health says so', async () => {
    signingSite();
    await runOnce(site);
    const path = checkpointPath(auditOf(site), 1);
    rmSync(path);
    writeFileSync(path, 'nonsense');
    const daemon = startDaemon(site);
    await daemon.untilOutput(watching);
    expect((await healthOf(site)).troubles).toMatchObject([{ code: 'checkpoint-unsound' }]);
    await daemon.terminate();
    expect(numbers()).toEqual([1, 2, 3]);
    expect(report().findings.map(({ kind }) => kind)).toEqual(['checkpoint-altered', 'checkpoint-altered']);
  });
});

describeWithMounts('the daemon, started where there is no room for its first checkpoint', () => {
  test('waits for it, and takes mail then', async () => {
    site = newSite();
    mountTiny(site.spool, 16 * 1024, 300);
    const settings = 'allowVolatile: true\narchive: { minFree: off }\nhttp: { listen: off }\nlog: { format: text }\n';
    site.configure(settings);
    expect((await runOnce(site)).status).toBe(0);
    writeAuditIdentity(site.directory);
    site.configure(`${settings}audit: { identity: audit.pem }\n`);
    const fillers = fillUpInodes(site.spool);
    const daemon = startDaemon(site);
    await daemon.untilOutput(/checkpoints/);
    expect(daemon.hasEnded, daemon.stderr).toBe(false);
    expect(numbers()).toEqual([]);
    for (const filler of fillers) rmSync(filler);
    await daemon.untilOutput(watching);
    await daemon.terminate();
    expect(numbers()).toEqual([1, 2]);
  });
});

function fillUpInodes(directory: string): string[] {
  const made: string[] = [];
  for (;;) {
    const path = join(directory, `filler.${made.length}`);
    try {
      writeFileSync(path, '');
    } catch {
      return made;
    }
    made.push(path);
  }
}

describe('audit verify', () => {
  test('finds what was changed under a checkpoint, though the chain was made anew', async () => {
    signingSite();
    for (let n = 0; n < 3; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
    expect((await runOnce(site)).status).toBe(0);
    const before = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(before.stdout).toBe('consistent, completeness not proven\n');
    expect(before.stderr).toMatch(/1 checkpoint that the chain fits, the last one 1 of /);
    const other = writeAuditIdentity(join(site.directory, 'elsewhere'), 'other').replace(/pem$/, 'crt');
    const untrusted = await sealdrop(['audit', 'verify', '-c', site.configFile, '--cert', other]);
    expect(untrusted.stdout).toMatch(/checkpoint-untrusted {2}checkpoints\/00000001\.p7s: it is signed by CN=audit of a test/);
    expect(untrusted.status).toBe(65);
  });
});
