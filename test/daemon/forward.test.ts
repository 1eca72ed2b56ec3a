import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeCertificate } from '../delivery/servers.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { Rsyslog } from '../kit/rsyslog.js';
import type { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { waitFor } from '../kit/wait-for.js';
import { letter, newSite } from './site.js';

const server = makeCertificate();
let rsyslog: Rsyslog;
let site: Site;
let ca: string;

beforeEach(async () => {
  rsyslog = await Rsyslog.start({ tls: server });
  site = newSite();
  ca = join(site.directory, 'ca.pem');
  writeFileSync(ca, server.cert);
  configure(ca);
});
afterEach(async () => {
  await rsyslog.stop();
  site.remove();
});

function configure(authority: string): void {
  site.configure(
    `http: { listen: off }
log: { format: text }
outbox: { rescanMs: 100 }
audit:
  forward:
    confirmMs: 200
    syslog: [{ host: 127.0.0.1, port: ${rsyslog.tlsPort}, ca: ${authority} }]`,
  );
}

const verify = (...args: string[]) => sealdrop(['audit', 'verify', '-c', site.configFile, ...args]);
const seqs = () => new Set([...rsyslog.text.matchAll(/\[sealdrop@32473 seq="(\d+)"/g)].map(([, seq]) => Number(seq)));
const lastSeq = () => Number(site.auditRecords().at(-1)?.seq);
const held = (): number => {
  const { targets } = JSON.parse(readFileSync(join(site.spool, 'forward.json'), 'utf8')) as {
    targets: Record<string, { held: { seq: number } }>;
  };
  return targets[`syslog tls://127.0.0.1:${rsyslog.tlsPort}`]?.held.seq ?? 0;
};

describeWith(['rsyslog', 'flock'], 'a daemon that forwards to rsyslog over TLS', () => {
  test('brings everything off the host although both are killed, and what rsyslog wrote proves that nothing is missing', async () => {
    let daemon = startDaemon(site);
    for (let n = 0; n < 20; n++) site.drop(`a${n}.eml`, letter(`a${n}`));
    await daemon.until('a part to arrive', () => seqs().size > 10, 30_000);
    await daemon.kill();
    daemon = startDaemon(site);
    for (let n = 0; n < 20; n++) site.drop(`b${n}.eml`, letter(`b${n}`));
    await daemon.until('more to arrive', () => site.pickedUp().length >= 25, 30_000);
    await rsyslog.kill();
    for (let n = 0; n < 5; n++) site.drop(`c${n}.eml`, letter(`c${n}`));
    await daemon.until('mail to go on without the receiver', () => site.pickedUp().length === 45, 30_000);
    await rsyslog.start();
    await daemon.until('the receiver to be known to hold it', () => held() >= lastSeq(), 30_000);
    await daemon.terminate();
    const last = lastSeq();
    await waitFor('rsyslog to write the end', () => seqs().has(last), { describe: () => rsyslog.log });
    expect([...seqs()].sort((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
    const { status, stdout } = await verify('--anchor', rsyslog.file);
    expect(stdout.trim()).toBe(`consistent, complete up to record ${last} (anchor ${rsyslog.file})`);
    expect(status).toBe(0);
    expect(rsyslog.text).not.toMatch(/bob@|steve@|a1\.eml/);
  });

  test('lets nobody cut off the tail, or write the trail anew, without it being found', async () => {
    for (let n = 0; n < 3; n++) site.drop(`a${n}.eml`, letter(`a${n}`));
    expect((await runOnce(site)).status).toBe(0);
    const last = lastSeq();
    await waitFor('rsyslog to write the end', () => seqs().has(last));
    const segment = new Date().toISOString().slice(0, 10);
    for (const kind of ['chain', 'details']) {
      const path = join(site.spool, 'audit', `${segment}.${kind}.jsonl`);
      writeFileSync(path, `${readFileSync(path, 'utf8').split('\n').slice(0, -2).join('\n')}\n`);
    }
    expect((await verify()).stdout.trim()).toBe('consistent, completeness not proven');
    const { status, stdout } = await verify('--anchor', rsyslog.file);
    expect(status).toBe(65);
    expect(stdout).toContain(`anchor-ahead  ${rsyslog.file}: the chain ends at ${last - 1}, the anchor has ${last}`);
    const report = JSON.parse((await verify('--json', '--anchor', rsyslog.file)).stdout) as {
      findings: { kind: string }[];
      anchors: object[];
    };
    expect(report.findings.map(({ kind }) => kind)).toEqual(['anchor-ahead']);
    expect(report.anchors).toHaveLength(1);
    // The daemon that starts on it notices by itself what it has sent away.
    const daemon = startDaemon(site);
    await daemon.untilOutput(/was no longer what syslog tls:\S+ had got of it/);
    await daemon.terminate();
    expect((await verify('--anchor', rsyslog.file)).stdout).toContain(`anchor-differs  ${rsyslog.file}: record ${last} has the hash`);
  });

  test('sends nothing to a receiver that nobody vouches for, and mail goes on', async () => {
    configure(join(site.directory, 'other.pem'));
    writeFileSync(join(site.directory, 'other.pem'), makeCertificate().cert);
    const daemon = startDaemon(site);
    site.drop('a.eml', letter('a'));
    await daemon.untilOutput(/no trusted connection to 127\.0\.0\.1/);
    await daemon.until('mail to go on', () => site.pickedUp().length === 1);
    await daemon.terminate();
    expect(rsyslog.text).not.toContain('sealdrop@32473');
  });
});
