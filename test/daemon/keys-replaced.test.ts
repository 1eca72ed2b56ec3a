import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cmsOf, takePickupFile } from '../e2e/pickup-file.js';
import { type Program, sealdrop, startDaemon } from '../kit/daemon.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import type { Issued } from '../kit/pki.js';
import type { Site } from '../kit/site.js';
import { bob, letter, newSite, pki, steve } from './site.js';

describe('key files changed while the daemon runs take effect without a restart', () => {
  let site: Site;
  let daemon: Program;
  beforeEach(async () => {
    site = newSite();
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
  });
  afterEach(async () => {
    await daemon.kill();
    site.remove();
  });

  test('a recipient’s renewed certificate: mail is encrypted to the new one only', async () => {
    const renewed = pki.issue({ address: bob.address, edition: 2 });
    const readersOf = (message: Buffer) => [bob, renewed].filter((each) => cmsOf(message).includes(Buffer.from(serialOf(each), 'hex')));
    expect(readersOf(await sent('one'))).toEqual([bob]);
    writeRecipient(site.keys, renewed);
    expect(readersOf(await sent('two'))).toEqual([renewed]);
  });

  test('a recipient’s certificate taken away and put back', async () => {
    await sent('one');
    const path = join(site.keys, `${bob.address}.crt`);
    renameSync(path, join(site.directory, 'bob'));
    expect(await held('two')).toBe('missing-certificate');
    renameSync(join(site.directory, 'bob'), path);
    await sent('three');
  });

  test('a new sender, and one whose key file is damaged', async () => {
    expect(await held('one', { from: 'alice@example.com' })).toBe('missing-identity');
    writeIdentity(site.keys, pki.issue({ address: 'alice@example.com' }), { as: 'p12', passphrase: 'secret' });
    await sent('two', { from: 'alice@example.com' });
    writeFileSync(join(site.keys, `${steve.address}.pem`), 'no key\n', { mode: 0o600 });
    const { id, code } = await deferred('three');
    expect(code).toBe('key-file-damaged');
    await sent('four', { from: 'alice@example.com' });
    writeIdentity(site.keys, steve);
    await retried(id);
  });

  test('a sender’s key replaced by another, step by step: a message that comes in between is tried again, not signed wrongly', async () => {
    await sent('one');
    const renewed = pki.issue({ address: steve.address, edition: 2 });
    writeFileSync(join(site.keys, `${steve.address}.crt`), renewed.certificatePem + renewed.chainPem);
    const { id, code } = await deferred('two');
    expect(code).toBe('key-mismatch');
    writeFileSync(join(site.keys, `${steve.address}.pem`), renewed.privateKeyPem, { mode: 0o600 });
    await sent('three');
    await retried(id);
  });

  test('the whole directory replaced by another', async () => {
    await sent('one');
    renameSync(site.keys, `${site.keys}.old`);
    writeIdentity(site.keys, steve);
    expect(await held('two')).toBe('missing-certificate');
    writeRecipient(site.keys, bob);
    await sent('three');
    rmSync(`${site.keys}.old`, { recursive: true });
  });

  /** Drops a message and waits for its sealed copy. */
  function sent(subject: string, addresses: { from?: string } = {}): Promise<Buffer> {
    const before = new Set(readdirSync(site.pickup));
    site.drop(`${subject}.eml`, letter(subject, addresses));
    return newCopy(before);
  }

  async function newCopy(before: ReadonlySet<string>): Promise<Buffer> {
    const name = await daemon.until('a sealed copy', () => readdirSync(site.pickup).find((each) => !before.has(each)));
    return takePickupFile(name, site.sealed().get(name) ?? Buffer.alloc(0)).message;
  }

  /** Drops a message and waits until it is put aside to be tried again. */
  async function deferred(subject: string): Promise<{ id: string; code: string }> {
    site.drop(`${subject}.eml`, letter(subject));
    const retry = join(site.spool, 'retry');
    const isThere = (name: string) => name.endsWith('.json') && existsSync(join(retry, name.replace('.json', '.eml')));
    const ticket = await daemon.until(`${subject} to be put aside`, () => readdirSync(retry).find(isThere));
    return JSON.parse(readFileSync(join(retry, ticket), 'utf8')) as { id: string; code: string };
  }

  /** Has it tried again now, and waits for its sealed copy. */
  async function retried(id: string): Promise<void> {
    const before = new Set(readdirSync(site.pickup));
    expect((await sealdrop(['queue', 'retry', id, '-c', site.configFile])).status).toBe(0);
    await newCopy(before);
  }

  /** Drops a message and waits until it is held; returns the reason's code. */
  async function held(subject: string, addresses: { from?: string } = {}): Promise<string> {
    site.drop(`${subject}.eml`, letter(subject, addresses));
    const found = await daemon.until(`${subject} to be held`, () =>
      site.quarantined().find(({ facts }) => facts.file === `${subject}.eml`),
    );
    return String(found.facts.code);
  }
});

function serialOf({ certificate }: Issued): string {
  return new X509Certificate(certificate).serialNumber;
}
