import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { TrailReport } from '../../src/archive/verify/report.js';
import { letter, newSite, pki } from '../daemon/site.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { openssl } from '../kit/openssl-cli.js';
import type { Issued } from '../kit/pki.js';
import type { Site } from '../kit/site.js';

const rsa = pki.issue({ address: 'compliance-rsa@example.com' });
const ec = pki.issue({ address: 'compliance-ec@example.com', key: 'p-384' });

let site: Site;
afterEach(() => site.remove());

/** Every file beneath, relative, without certificates. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(eml|gz|p7m)$/.test(name))
    .sort();
}

function opened(path: string, { files }: Issued): Buffer {
  return openssl(['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', path, '-inkey', files.privateKey, '-recip', files.certificate]);
}

/** The innermost text of a sealed copy, by the key of somebody it is encrypted to. */
function read(path: string, { files }: Issued): string {
  const sealed = readFileSync(path);
  // Pickup's own lines come before the message.
  const message = sealed.subarray(sealed.toString('latin1').search(/^From:/m));
  const smime = join(site.directory, 'copy.eml');
  writeFileSync(smime, message);
  const signed = openssl(['cms', '-decrypt', '-in', smime, '-inkey', files.privateKey, '-recip', files.certificate]);
  return openssl(['cms', '-verify', '-noverify'], signed).toString();
}

const archive = () => join(site.spool, 'archive');
const encryptTo = `encryptTo: [${rsa.files.certificate}, ${ec.files.certificate}]`;

describe('an encrypted archive', () => {
  test('holds nothing in clear, and any of its keys opens an original with openssl alone', async () => {
    site = newSite(`archive: { ${encryptTo} }\n`);
    site.drop('a.eml', letter('Kontonummer 4711'));
    expect((await runOnce(site)).status).toBe(0);
    const files = filesIn(archive());
    expect(files).toEqual([expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/[0-9a-f-]{36}\.eml\.p7m$/)]);
    for (const name of readdirSync(archive(), { recursive: true, encoding: 'utf8' })) {
      if (!/\.[a-z0-9]+$/.test(name)) continue;
      expect(readFileSync(join(archive(), name)).includes('4711'), name).toBe(false);
    }
    const path = join(archive(), files[0] ?? '');
    for (const key of [rsa, ec]) expect(opened(path, key).toString()).toBe(letter('Kontonummer 4711'));
    expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).status).toBe(0);
  });

  test('is opened by "archive show" with a key, and not without one or with another', async () => {
    site = newSite(`archive: { ${encryptTo}, compress: gzip }\n`);
    site.drop('a.eml', letter('shown'));
    await runOnce(site);
    const id = /([0-9a-f-]{36})\.eml\.gz\.p7m$/.exec(filesIn(archive())[0] ?? '')?.[1] ?? '';
    const show = (...key: string[]) => sealdrop(['archive', 'show', id, '-c', site.configFile, ...key]);
    for (const { files, certificatePem } of [rsa, ec]) {
      writeFileSync(files.privateKey.replace(/\.pem$/, '.crt'), certificatePem);
      expect((await show('--key', files.privateKey)).stdout).toBe(letter('shown'));
    }
    expect(await show()).toMatchObject({ status: 64, stdout: '', stderr: expect.stringContaining('--key') });
    const stranger = join(site.keys, 'steve@example.com.pem');
    expect(await show('--key', stranger)).toMatchObject({ status: 65, stdout: '', stderr: expect.stringContaining('archive.encryptTo') });
  });

  test('is verified down to the signature with a key, and by the hash of what is stored without one', async () => {
    site = newSite(`archive: { ${encryptTo}, compress: gzip }\n`);
    site.drop('a.eml', letter('proven'));
    await runOnce(site);
    const verify = async (...more: string[]) => {
      const { status, stdout } = await sealdrop(['archive', 'verify', '-c', site.configFile, '--json', ...more]);
      const { signatures, findings } = JSON.parse(stdout) as TrailReport;
      return { status, ...signatures, kinds: findings.map(({ kind }) => kind) };
    };
    for (const { files, certificatePem } of [rsa, ec]) {
      writeFileSync(files.privateKey.replace(/\.pem$/, '.crt'), certificatePem);
      expect(await verify('--key', files.privateKey)).toMatchObject({ status: 0, proven: 1, noKey: 0, failed: 0, kinds: [] });
    }
    const stranger = join(site.keys, 'steve@example.com.pem');
    for (const key of [[], ['--key', stranger]]) expect(await verify(...key)).toMatchObject({ status: 0, proven: 0, noKey: 1, kinds: [] });
    const [file = ''] = filesIn(archive());
    writeFileSync(join(archive(), file), 'altered', { flag: 'r+' });
    for (const key of [[], ['--key', rsa.files.privateKey]])
      expect(await verify(...key)).toMatchObject({ status: 65, proven: 0, failed: 1, kinds: ['archive-altered'] });
  });

  test('takes what a person drops, too', async () => {
    site = newSite(`archive: { ${encryptTo}, compress: gzip }\n`);
    site.drop('a.eml', letter('for nobody', { to: 'nobody@example.net' }));
    expect((await runOnce(site)).status).toBe(65);
    expect(filesIn(archive())).toEqual([]);
    const [{ id = '' } = {}] = site.quarantined();
    expect((await sealdrop(['queue', 'drop', id, '-c', site.configFile])).status).toBe(0);
    const path = join(archive(), filesIn(archive())[0] ?? '');
    expect(gunzipSync(opened(path, ec)).toString()).toBe(letter('for nobody', { to: 'nobody@example.net' }));
    expect(site.quarantined()).toEqual([]);
    expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).status).toBe(0);
  });
});

test('compressed, encrypted, in two places and with every sealed copy: all is as recorded, and the compliance keys open all of it', async () => {
  const second = join('..', 'second');
  site = newSite();
  const other = join(site.directory, 'second');
  mkdirSync(other);
  site.configure(
    `http: { listen: off }\narchive: { ${encryptTo}, compress: gzip, second: ${join(site.directory, 'sub', second)}, keepSealed: full }\n`,
  );
  expect((await sealdrop(['archive', 'mark-second', '-c', site.configFile])).status).toBe(0);
  site.drop('a.eml', letter('everywhere').replace('Subject', 'Bcc: steve@example.com\r\nSubject'));
  const run = await runOnce(site);
  expect(run.stderr).not.toMatch(/ error /);
  expect(run.status).toBe(0);

  const files = filesIn(archive());
  expect(files.map((name) => name.replace(/^.*[0-9a-f]{12}(?=[.-])/, ''))).toEqual(['-1.eml', '-2.eml', '.eml.gz.p7m']);
  expect(filesIn(other)).toEqual(files);
  for (const name of files) expect(readFileSync(join(other, name)).equals(readFileSync(join(archive(), name))), name).toBe(true);
  const handedOver = [...site.sealed().values()].map((bytes) => createHash('sha256').update(bytes).digest('hex')).sort();
  const kept = files.filter((name) => /-\d\.eml$/.test(name)).map((name) => join(archive(), name));
  expect(kept.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex')).sort()).toEqual(handedOver);
  // The blind recipient's copy as well as the visible one's.
  for (const path of kept) for (const key of [rsa, ec]) expect(read(path, key)).toContain('text of everywhere');
  expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout).toMatch(/^consistent/m);

  const [first = '', next = '', original = ''] = files;
  writeFileSync(join(other, first), 'altered', { flag: 'r+' });
  rmSync(join(other, original));
  writeFileSync(join(other, original.replace('.eml.gz.p7m', '-9.eml')), 'planted');
  writeFileSync(join(archive(), next), 'altered', { flag: 'r+' });
  writeFileSync(join(archive(), original.replace('.gz.p7m', '')), letter('planted beside the encrypted one'));
  const findings = (await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout.split('\n').map((line) => line.split(' ')[0]);
  const expected = ['archive-altered', 'archive-without-record', 'second-altered', 'second-missing', 'second-without-record'];
  expect(findings.filter((kind) => /^(?:archive|second)-/.test(kind ?? '')).sort()).toEqual(expected);
  rmSync(join(other, '.sealdrop-second-archive'));
  expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout).toMatch(/^second-unreachable /m);
});

test('a clear copy that is kept is encrypted like the original', async () => {
  site = newSite(`protect: { encrypt: none }\narchive: { ${encryptTo}, keepSealed: full }\n`);
  site.drop('a.eml', letter('Kontonummer 4711'));
  expect((await runOnce(site)).status).toBe(0);
  const [copy = '', original = ''] = filesIn(archive());
  expect([copy, original].map((name) => name.replace(/^.*[0-9a-f]{12}(?=[.-])/, ''))).toEqual(['-1.eml.p7m', '.eml.p7m']);
  const [sent] = site.sealed().values();
  expect(opened(join(archive(), copy), rsa).equals(sent ?? Buffer.alloc(0))).toBe(true);
  expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).status).toBe(0);
});

describe('what is kept of what was sealed', () => {
  test('none: no signature stands in the details', async () => {
    site = newSite('archive: { keepSealed: none }\n');
    expect(await signatures()).toEqual([[]]);
  });

  test('a rule decides otherwise for its recipients', async () => {
    site = newSite('archive: { keepSealed: none }\nrules: [{ name: all, when: {}, archive: { keepSealed: full } }]\n');
    expect(await signatures()).toEqual([[expect.any(String)]]);
    expect(filesIn(archive()).map((name) => name.replace(/^.*[0-9a-f]{12}(?=[.-])/, ''))).toEqual(['-1.eml', '.eml']);
  });

  async function signatures(): Promise<unknown[]> {
    site.drop('a.eml', letter('kept'));
    expect((await runOnce(site)).status).toBe(0);
    const audit = join(site.spool, 'audit');
    const lines = readdirSync(audit)
      .filter((name) => name.endsWith('.details.jsonl'))
      .flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'));
    return lines.filter((line) => line.includes('"signerInfos"')).map((line) => JSON.parse(line).detail.signerInfos);
  }
});

describe('the second location', () => {
  test('without its mark, mail waits, and nothing is written there', async () => {
    site = newSite();
    const other = join(site.directory, 'second');
    mkdirSync(other);
    site.configure(`http: { listen: off }\narchive: { second: ${other} }\n`);
    site.drop('a.eml', letter('waits'));
    const run = await runOnce(site);
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('second-archive-missing');
    expect(readdirSync(other)).toEqual([]);
    expect(site.pickedUp()).toEqual([]);
    await sealdrop(['archive', 'mark-second', '-c', site.configFile]);
    expect((await runOnce(site)).status).toBe(0);
    expect(site.pickedUp()).toHaveLength(1);
    expect(filesIn(other)).toEqual(filesIn(archive()));
    expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout).toMatch(/^consistent/m);
  });
});

test('a certificate that cannot be used ends the start with the file and the cure', async () => {
  const expired = pki.issue({ address: 'expired@example.com', notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
  site = newSite(`archive: { encryptTo: [${expired.files.certificate}] }\n`);
  const run = await runOnce(site);
  expect(run.status).toBe(78);
  expect(run.stderr).toContain(expired.files.certificate);
  expect(run.stderr).toContain('expired at 2021-01-01');
});
