import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareSigner } from '../../src/smime/signer.js';
import { Program, sealdrop } from '../kit/daemon.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { openssl } from '../kit/openssl-cli.js';
import { type Issued, testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { signOpaque } from '../smime/writing-kit.js';
import { bob, pki, steve, succeeded, write } from './people.js';

let site: Site;
/** Where Bob's own mail program is: it announces GCM. */
let bobs: Site;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob] });
  bobs = new Site({ senders: [bob], config: 'identities: [{ from: "*@example.net", capabilities: [aes-256-gcm, aes-256-cbc] }]' });
});
afterEach(() => {
  site.remove();
  bobs.remove();
});

const stored = () => join(site.keys, 'bob@example.net.capabilities.json');
const harvest = (message: Buffer | string, ...args: string[]) =>
  sealdrop(['keys', 'harvest', '-', '-c', site.configFile, '--ca', pki.root.files.certificate, ...args], { input: message });

async function signedBy({ address }: Issued, on: Site = bobs, how = '--sign'): Promise<Buffer> {
  const mail = `From: ${address}\r\nTo: steve@example.com\r\nSubject: hello\r\n\r\ntext\r\n`;
  const run = succeeded(await sealdrop(['send', '-', how, '-c', on.configFile], { input: mail }));
  return run.stdoutBytes;
}

describe('keys harvest', () => {
  it('stores what a signed message announces, beside the certificate that is there', async () => {
    const { stdout } = succeeded(await harvest(await signedBy(bob, withoutEncryption(bobs))));
    expect(stdout).toMatch(
      /^bob@example\.net reads aes-256-gcm, aes-256-cbc \(signed at \d{4}-.*Z\)\n {4}stored in .*\.capabilities\.json\n$/,
    );
    expect(JSON.parse(readFileSync(stored(), 'utf8'))).toMatchObject({ version: 1, ciphers: ['aes-256-gcm', 'aes-256-cbc'], others: [] });
    expect(statSync(stored()).mode & 0o777).toBe(0o644);
    expect(readdirSync(site.keys).filter((name) => name.startsWith('.'))).toEqual([]);
    const list = succeeded(await sealdrop(['keys', 'list', '-c', site.configFile]));
    expect(list.stdout).toMatch(/reads aes-256-gcm, aes-256-cbc \(learnt from mail signed \d{4}-\d\d-\d\d\)/);
  });

  it('takes the message from a file, and says the same as JSON', async () => {
    const file = write(site.directory, 'bob.eml', await signedBy(bob, withoutEncryption(bobs)));
    const args = ['keys', 'harvest', file, '--keys', site.keys, '--ca', pki.root.files.certificate, '--json'];
    expect(JSON.parse(succeeded(await sealdrop(args)).stdout)).toMatchObject({
      address: 'bob@example.net',
      added: null,
      stored: stored(),
      capabilities: { ciphers: ['aes-256-gcm', 'aes-256-cbc'] },
      why: null,
    });
    expect(JSON.parse(succeeded(await sealdrop(args)).stdout)).toMatchObject({
      stored: null,
      why: expect.stringContaining('what is known'),
    });
  });

  it('opens an encrypted message with --key', async () => {
    writeRecipient(bobs.keys, steve);
    const message = await signedBy(bob);
    expect((await harvest(message)).status).toBe(65);
    succeeded(await harvest(message, '--key', join(site.keys, 'steve@example.com.pem')));
    expect(existsSync(stored())).toBe(true);
  });

  it('keeps the file when an older message comes', async () => {
    succeeded(await harvest(await signedBy(bob, withoutEncryption(bobs))));
    const before = readFileSync(stored(), 'utf8');
    expect(succeeded(await harvest(signedBefore(bob, 1))).stdout).toContain('nothing new was learnt');
    expect(readFileSync(stored(), 'utf8')).toBe(before);
  });

  it('waits for another one that is at work on the directory', async () => {
    const held = openSync(site.keys, 'r');
    expect(spawnSync('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', held] }).status).toBe(0);
    const program = new Program(['keys', 'harvest', '-', '--keys', site.keys, '--ca', pki.root.files.certificate], {
      input: await signedBy(bob, withoutEncryption(bobs)),
    });
    await program.until('it to ask for the lock', () => readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8') !== '');
    expect(existsSync(stored())).toBe(false);
    closeSync(held);
    expect((await program.ended()).status).toBe(0);
    expect(existsSync(stored())).toBe(true);
  });

  it('of many at the same time leave the newest', async () => {
    const messages = [3, 1, 4, 0, 2].map((daysAgo) => signedBefore(bob, daysAgo));
    for (const run of await Promise.all(messages.map((message) => harvest(message)))) succeeded(run);
    expect(Date.parse(JSON.parse(readFileSync(stored(), 'utf8')).signingTime)).toBeGreaterThan(Date.now() - 80_000_000);
  });

  it('adds no certificate that is signed for weakly', async () => {
    const { certificate, privateKey } = pki.issue({ address: 'dave@example.net' }).files;
    const args = [
      'cms',
      '-sign',
      '-md',
      'sha1',
      '-signer',
      certificate,
      '-inkey',
      privateKey,
      '-certfile',
      pki.intermediate.files.certificate,
    ];
    const signed = openssl([...args, '-from', 'dave@example.net'], Buffer.from('Content-Type: text/plain\r\n\r\ntext\r\n'));
    const run = await harvest(signed, '--add');
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('the signature is weak');
    expect(readdirSync(site.keys).filter((name) => name.startsWith('dave'))).toEqual([]);
  });

  it('replaces a file that is broken', async () => {
    write(site.keys, 'bob@example.net.capabilities.json', 'rubbish');
    succeeded(await harvest(await signedBy(bob, withoutEncryption(bobs))));
    expect(JSON.parse(readFileSync(stored(), 'utf8'))).toMatchObject({ version: 1 });
  });

  it('learns nothing from a message that was altered, and exits 65', async () => {
    const mail = (await signedBy(bob, withoutEncryption(bobs), '--sign-detached')).toString('latin1');
    const run = await harvest(mail.replace('text', 'tent'));
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('nothing was learnt from standard input: signed: invalid');
    expect(existsSync(stored())).toBe(false);
  });

  it('believes no other authority than those named, of which there must be one', async () => {
    const message = await signedBy(bob, withoutEncryption(bobs));
    const args = ['keys', 'harvest', '-', '-c', site.configFile];
    expect((await sealdrop(args, { input: message })).status).toBe(64);
    const run = await sealdrop([...args, '--ca', testPki('strangers').root.files.certificate], { input: message });
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('untrusted');
  });

  it('does not take what another certificate’s owner announces', async () => {
    const renewed = pki.issue({ address: bob.address, edition: 2 });
    writeIdentity(bobs.keys, renewed);
    const run = await harvest(await signedBy(bob, withoutEncryption(bobs)));
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('another certificate than mail is encrypted to');
    expect(existsSync(stored())).toBe(false);
  });

  describe('where there is no certificate', () => {
    beforeEach(() => writeIdentity(bobs.keys, pki.issue({ address: 'dave@example.net' })));
    const dave = () => signedBy(pki.issue({ address: 'dave@example.net' }), withoutEncryption(bobs));

    it('adds none by itself, and says how', async () => {
      const run = await harvest(await dave());
      expect(run.status).toBe(65);
      expect(run.stderr).toContain('there is no certificate for dave@example.net');
      expect(run.stderr).toContain('--add');
      expect(readdirSync(site.keys).filter((name) => name.startsWith('dave'))).toEqual([]);
    });

    it('adds the one from the message with --add, which can be encrypted to then', async () => {
      const { stdout } = succeeded(await harvest(await dave(), '--add'));
      expect(stdout).toContain('dave@example.net: its certificate was added as ');
      expect(readdirSync(site.keys).filter((name) => name.startsWith('dave'))).toEqual([
        'dave@example.net.capabilities.json',
        'dave@example.net.crt',
      ]);
      const list = succeeded(await sealdrop(['keys', 'list', '-c', site.configFile, 'dave@example.net']));
      expect(list.stdout).toContain('encrypts');
    });

    it('adds the certificate of a message that announces nothing', async () => {
      bobs.configure('protect: { encrypt: none }\nidentities: [{ capabilities: [] }]');
      const { stdout } = succeeded(await harvest(await signedBy(pki.issue({ address: 'dave@example.net' })), '--add'));
      expect(stdout).toContain('nothing new was learnt: the signature announces no capabilities');
      expect(readdirSync(site.keys).filter((name) => name.startsWith('dave'))).toEqual(['dave@example.net.crt']);
    });

    it('never replaces a certificate with --add', async () => {
      const path = writeRecipient(site.keys, pki.issue({ address: 'dave@example.net', edition: 2 }));
      const before = readFileSync(path);
      expect((await harvest(await dave(), '--add')).status).toBe(65);
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    it('does not add a certificate that only signs', async () => {
      const erin = pki.issue({ address: 'erin@example.net', keyUsage: 'critical,digitalSignature' });
      writeIdentity(bobs.keys, erin);
      const run = await harvest(await signedBy(erin, withoutEncryption(bobs)), '--add');
      expect(run.status).toBe(65);
      expect(run.stderr).toContain('may not be used to encrypt');
      expect(readdirSync(site.keys).filter((name) => name.startsWith('erin'))).toEqual([]);
    });
  });
});

describe('what was learnt and does not count', () => {
  it('is told by list, check and doctor, and stops nothing', async () => {
    write(site.keys, 'bob@example.net.capabilities.json', '{}');
    expect(succeeded(await sealdrop(['keys', 'list', '-c', site.configFile])).stdout).toContain('capabilities.json is ignored');
    const check = succeeded(await sealdrop(['keys', 'check', '-c', site.configFile]));
    expect(check.stdout).toContain('capabilities.json is ignored');
    expect(check.stdout).toContain('what to do: Remove it (rm ');
    const facts = JSON.parse((await sealdrop(['keys', 'check', '-c', site.configFile, '--json'])).stdout) as object[];
    expect(facts).toMatchObject([{ address: 'bob@example.net', fault: null, capabilitiesFault: { code: 'capabilities-unusable' } }]);
    const doctor = await sealdrop(['doctor', '-c', site.configFile]);
    expect(doctor.stdout.replace(/\s+/g, ' ')).toContain('capabilities.json is ignored');
  });
});

/** Signed and in clear, so that anybody can harvest it. */
function withoutEncryption(at: Site): Site {
  at.configure('protect: { encrypt: none }\nidentities: [{ from: "*@example.net", capabilities: [aes-256-gcm, aes-256-cbc] }]');
  return at;
}

function signedBefore({ address, certificate, privateKeyPem }: Issued, daysAgo: number): Buffer {
  const chain = [pki.intermediate.certificate];
  const signer = prepareSigner({ certificate, chain, privateKey: createPrivateKey(privateKeyPem), capabilities: ['aes-128-cbc'] });
  const signingTime = new Date(Date.now() - daysAgo * 86_400_000);
  const { entity } = signOpaque(Buffer.from('Content-Type: text/plain\r\n\r\ntext\r\n'), signer, {
    digest: 'sha256',
    scheme: 'auto',
    signingTime,
  });
  return Buffer.concat([Buffer.from(`From: ${address}\r\n`), entity]);
}
