import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectWholeTrail, letter, newSite, pki } from '../daemon/site.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { openssl } from '../kit/openssl-cli.js';
import type { Site } from '../kit/site.js';

const { files: compliance, certificatePem } = pki.issue({ address: 'compliance@example.com' });
let site: Site;
let id: string;
beforeAll(async () => {
  site = newSite(`protect: { encrypt: none }\narchive: { encryptTo: [${compliance.certificate}], compress: gzip, keepSealed: full }\n`);
  writeFileSync(compliance.privateKey.replace(/\.pem$/, '.crt'), certificatePem);
  site.drop('a.eml', letter('Kontonummer 4711'));
  expect((await runOnce(site)).status).toBe(0);
  id = site.pickedUp()[0]?.slice(0, 36) ?? '';
});
afterAll(() => site.remove());

const place = (name: string) => join(site.directory, name);
const run = (format: string, out: string, ...more: string[]) =>
  sealdrop(['archive', 'export', id, '--format', format, '-o', place(out), '-c', site.configFile, ...more]);

test('an encrypted archive is exported in clear with the key, originals and kept copies', async () => {
  expect(await run('eml', 'clear', '--key', compliance.privateKey)).toMatchObject({ status: 0 });
  expect(readFileSync(join(place('clear'), `${id}.eml`), 'utf8')).toBe(letter('Kontonummer 4711'));
  const [sent] = site.sealed().values();
  expect(readFileSync(join(place('clear'), 'sealed', `${id}-1.eml`))).toEqual(sent);
});

test('without the key nothing is made', async () => {
  const refused = await run('zip', 'refused.zip');
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain('--key');
  expect(readdirSync(site.directory).filter((name) => name.includes('refused'))).toEqual([]);
});

test('with another key the message is named and left out', async () => {
  const other = await run('eml', 'other', '--key', join(site.keys, 'steve@example.com.pem'));
  expect(other.status).toBe(65);
  expect(other.stderr).toContain(`${id}  unreadable`);
  expect(existsSync(join(place('other'), `${id}.eml`))).toBe(false);
});

test('as stored, it is handed out without any key, and OpenSSL opens it', async () => {
  expect(await run('eml', 'stored', '--as-stored')).toMatchObject({ status: 0 });
  const path = join(place('stored'), `${id}.eml.gz.p7m`);
  expect(readFileSync(join(place('stored'), 'manifest.json'), 'utf8')).toContain('recorded when it was archived');
  for (const name of readdirSync(place('stored'), { recursive: true, encoding: 'utf8' })) {
    if (/\.(json|jsonl|html|csv|eml|p7m)$/.test(name)) expect(readFileSync(join(place('stored'), name)).includes('4711'), name).toBe(false);
  }
  const opened = openssl(['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', path, '-inkey', compliance.privateKey]);
  expect(opened.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});

test('is restored with the key, and only with it', async () => {
  const restore = (...more: string[]) => sealdrop(['archive', 'restore', id, '--yes', '-c', site.configFile, ...more]);
  expect((await restore()).stderr).toContain('--key');
  expect(await restore('--key', compliance.privateKey)).toMatchObject({ status: 0 });
  expect((await runOnce(site)).status).toBe(0);
  expect(site.pickedUp()).toHaveLength(2);
  expectWholeTrail(site);
});
