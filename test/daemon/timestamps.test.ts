import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkpointNames, checkpointPath, timestampPath } from '../../src/audit/checkpoint/files.js';
import { writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { openssl } from '../kit/openssl-cli.js';
import type { Site } from '../kit/site.js';
import { localhostTls, startTsa, type Tsa, tsaFiles } from '../kit/tsa.js';
import { healthOf } from './health-of.js';
import { letter, newSite } from './site.js';

const authority = tsaFiles();

let site: Site;
let tsa: Tsa;
afterEach(async () => {
  await tsa.close();
  site.remove();
});

/** A site whose checkpoints are stamped by `tsa`. */
function stampedSite(more = '', ca = authority.ca): Site {
  site = newSite(`audit:\n  identity: audit.pem\n  timestamp: { url: "${tsa.url}", ca: ${ca}, retryAfter: 100ms${more} }\n`);
  writeAuditIdentity(site.directory);
  return site;
}

const auditOf = () => join(site.spool, 'audit');
const stamped = () => checkpointNames(auditOf()).timestamps;

describe('with audit.timestamp, the daemon', () => {
  test('has each checkpoint stamped, verifies the token, and keeps it as openssl reads it', async () => {
    tsa = await startTsa(authority);
    stampedSite();
    const daemon = startDaemon(site);
    await daemon.until('a time-stamp', () => stamped().length === 1);
    await daemon.terminate();
    const [checkpoint, token] = [checkpointPath(auditOf(), 1), timestampPath(auditOf(), 1)];
    const verified = openssl(['ts', '-verify', '-data', checkpoint, '-in', token, '-token_in', '-CAfile', authority.ca]);
    expect(verified.toString()).toContain('Verification: OK');

    const report = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(report.stdout).toBe('consistent, completeness not proven\n');
    expect(report.stderr).toMatch(/, [12] time-stamped, at last 20/);

    const proof = join(site.directory, 'proof.json');
    await sealdrop(['audit', 'prove', '1', '-c', site.configFile, '--out', proof]);
    const certificate = join(site.directory, 'audit.crt');
    const checked = await sealdrop(['audit', 'check', proof, '--cert', certificate, '--tsa-ca', authority.ca]);
    expect(checked.stdout).toMatch(/time-stamped: it was there at 20/);
    expect(checked.status).toBe(0);
    const stranger = await sealdrop(['audit', 'check', proof, '--cert', certificate, '--tsa-ca', tsaFiles('stranger').ca]);
    expect(stranger.stdout).toMatch(/fault: checkpoint 1: its time-stamp is by CN=Test TSA main, who is not trusted/);
    expect(stranger.status).toBe(65);
  });

  test('asks over HTTPS whom it was told to trust', async () => {
    const tls = localhostTls();
    tsa = await startTsa(authority, tls);
    stampedSite(`, tlsCa: ${tls.ca}`);
    const daemon = startDaemon(site);
    await daemon.until('a time-stamp', () => stamped().length === 1);
    await daemon.terminate();
  });

  test('goes on with mail and checkpoints while the authority is away, says so, and catches up', async () => {
    tsa = await startTsa(authority);
    tsa.answer = () => 503;
    stampedSite();
    const daemon = startDaemon(site);
    await daemon.until('refusals', () => tsa.requests >= 2);
    site.drop('a.eml', letter('sent all the same'));
    await daemon.until('the mail', () => site.pickedUp().length === 1);
    const { troubles, status } = await healthOf(site);
    expect(status).toBe('ok');
    expect(troubles).toMatchObject([
      { where: 'audit time-stamps', code: 'timestamp-unavailable', message: expect.stringMatching(/status 503/) },
    ]);
    expect(stamped()).toEqual([]);
    tsa.answer = undefined;
    await daemon.until('what was missing', () => stamped().length === 1);
    await daemon.until('the trouble to be over', () => daemon.stderr.includes('works again'));
    await daemon.terminate();
  });

  test('stamps at its next start what it could not before', async () => {
    tsa = await startTsa(authority);
    tsa.answer = () => 503;
    stampedSite();
    expect((await runOnce(site)).status).toBe(0);
    expect(stamped()).toEqual([]);
    tsa.answer = undefined;
    const daemon = startDaemon(site);
    await daemon.until('both', () => stamped().length >= 2);
    await daemon.terminate();
  });

  test('keeps no token of an authority that is not trusted, nor one about something else', async () => {
    tsa = await startTsa(tsaFiles('stranger'));
    stampedSite();
    const daemon = startDaemon(site);
    await daemon.until('the refusal', () => daemon.stderr.includes('is not trusted by audit.timestamp.ca'));
    tsa.answer = () => Buffer.from('30053003020100', 'hex');
    await daemon.until('more requests', () => tsa.requests >= 3);
    await daemon.terminate();
    expect(stamped()).toEqual([]);
  });
});

describe('audit verify', () => {
  test('finds a time-stamp that was changed, is about another checkpoint, or whose checkpoint was taken away', async () => {
    tsa = await startTsa(authority);
    stampedSite();
    const daemon = startDaemon(site);
    await daemon.until('a time-stamp', () => stamped().length === 1);
    await sealdrop(['audit', 'prove', '5', '-c', site.configFile]);
    await daemon.terminate();
    const token = readFileSync(timestampPath(auditOf(), 1));
    rmSync(timestampPath(auditOf(), 2), { force: true });
    writeFileSync(timestampPath(auditOf(), 2), token);
    writeFileSync(timestampPath(auditOf(), 9), token);
    rmSync(timestampPath(auditOf(), 1));
    writeFileSync(timestampPath(auditOf(), 1), token.subarray(0, -1));
    const report = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(report.stdout).toMatch(/timestamp-altered {2}checkpoints\/00000001\.tst/);
    expect(report.stdout).toMatch(/timestamp-altered {2}checkpoints\/00000002\.tst: it is about something else/);
    expect(report.stdout).toMatch(/checkpoint-missing {2}checkpoints\/00000009\.p7s: its time-stamp is there/);
    expect(report.status).toBe(65);
  });
});
