import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { expectWholeTrail, letter, newSite } from '../daemon/site.js';
import { sealdrop, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';

let site: Site;
let certificate: string;
let ids: string[];
const out = () => join(site.directory, 'evidence');
const exported = (name: string, ...more: string[]) =>
  sealdrop(['archive', 'export', '--all', '--format', 'eml', '-o', join(site.directory, name), '-c', site.configFile, ...more]);

beforeAll(async () => {
  site = newSite('audit: { identity: audit.pem }\n');
  writeAuditIdentity(site.directory);
  certificate = join(site.directory, 'audit.crt');
  const daemon = startDaemon(site);
  for (const subject of ['one', 'two']) site.drop(`${subject}.eml`, letter(subject));
  await daemon.until('the records', () => site.auditRecords().filter(({ event }) => event === 'committed').length === 2);
  ids = [...site.archived().keys()];
  expect(await exported('evidence')).toMatchObject({ status: 0 });
  await daemon.terminate();
});
afterAll(() => site.remove());

describe('an export from a trail with checkpoints', () => {
  test('has a proof for each message, under a checkpoint made for it, that "audit check" accepts anywhere', async () => {
    expect(readdirSync(join(out(), 'proofs')).toSorted()).toEqual(ids.map((id) => `${id}.json`).toSorted());
    for (const id of ids) {
      const run = await sealdrop([
        'audit',
        'check',
        join(out(), 'proofs', `${id}.json`),
        '--cert',
        certificate,
        '--original',
        join(out(), `${id}.eml`),
      ]);
      expect(run.status, run.stdout + run.stderr).toBe(0);
      expect(run.stdout).toMatch(/accepted[\s\S]*intent[\s\S]*committed[\s\S]*proven/);
    }
  });

  test('says in the manifest how many of the records are proven', () => {
    const { messages, withoutProofs } = JSON.parse(readFileSync(join(out(), 'manifest.json'), 'utf8')) as {
      messages: { proof: { name: string; records: number; of: number } }[];
      withoutProofs?: string;
    };
    expect(withoutProofs).toBeUndefined();
    for (const { proof } of messages) expect(proof).toMatchObject({ records: 3, of: 3 });
    expect(readFileSync(join(out(), 'cover.html'), 'utf8')).toContain('sealdrop audit check');
  });

  test('does not prove another original', async () => {
    const forged = join(site.directory, 'forged.eml');
    writeFileSync(forged, letter('forged'));
    const run = await sealdrop(['audit', 'check', join(out(), 'proofs', `${ids[0]}.json`), '--cert', certificate, '--original', forged]);
    expect(run.status).toBe(65);
  });

  test('without personal data proves the records, and shows nobody', async () => {
    expect(await exported('discreet', '--without-personal')).toMatchObject({ status: 0 });
    const proof = join(site.directory, 'discreet', 'proofs', `${ids[0]}.json`);
    expect(readFileSync(proof, 'utf8')).not.toContain('@example');
    expect((await sealdrop(['audit', 'check', proof, '--cert', certificate])).status).toBe(0);
  });

  test('is in the trail itself', () => {
    expect(site.auditRecords().filter(({ event }) => event === 'exported').length).toBeGreaterThan(0);
    expectWholeTrail(site);
  });
});
