import { createPrivateKey } from 'node:crypto';
import { chownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMessage } from '../../src/smime/open.js';
import { sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';
import { blindToCarol, bob, carol, noServer, pki, steve, succeeded, toBob, write } from './people.js';

let site: Site;
let plain: string;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob, carol], config: 'http: { listen: off }' });
  plain = write(site.directory, 'plain.eml', toBob);
});
afterEach(() => site.remove());

const send = (file: string, ...args: string[]) => sealdrop(['send', file, ...args], { env: noServer });
const keys = () => ['--keys', site.keys];
const config = () => ['-c', site.configFile];
const opensslWith = (...recipients: (typeof bob)[]) => opensslVerifier({ root: pki.root, recipients });

describe('send to standard output', () => {
  it('only makes a message canonical when nothing else is asked for', async () => {
    const { stdout } = succeeded(await send(write(site.directory, 'unix.eml', toBob.replaceAll('\r\n', '\n'))));
    const [header = '', body] = stdout.split('\r\n\r\n');
    expect(body).toBe('text\r\n');
    expect(header).toContain('From: Steve <steve@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: one\r\n');
    expect(header).not.toContain('pkcs7');
    expect(stdout.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('reads the message from standard input for "-"', async () => {
    const { stdout } = succeeded(await sealdrop(['send', '-'], { env: noServer, input: toBob }));
    expect(stdout).toContain('Subject: one');
  });

  it('signs opaque and encrypts so that openssl finds what was written', async () => {
    const { stdoutBytes } = succeeded(await send(plain, '--sign', '--encrypt', ...keys()));
    expect(stdoutBytes.toString()).toContain('smime-type=enveloped-data');
    const { signerOk, entity, fault } = await opensslWith(bob).open(stdoutBytes);
    expect(signerOk, fault).toBe(true);
    expect(entity?.toString()).toBe('Content-Type: text/plain; charset=us-ascii\r\n\r\ntext\r\n');
  });

  it.each([
    ['--sign', 'application/pkcs7-mime; smime-type=signed-data'],
    ['--sign-detached', 'multipart/signed'],
    ['--sign_detached', 'multipart/signed'],
  ])('makes of %s a %s', async (flag, contentType) => {
    const { stdoutBytes } = succeeded(await send(plain, flag, ...keys()));
    expect(stdoutBytes.toString()).toContain(`Content-Type: ${contentType}`);
    const opened = openMessage(stdoutBytes, { decryption: [], trustAnchors: [pki.root.certificate], now: new Date() });
    expect(opened.ok).toBe(true);
    expect(opened.layers.map(({ kind }) => kind)).toEqual(['signed']);
  });

  it('encrypts without signing when only that is asked for', async () => {
    const { stdoutBytes } = succeeded(await send(plain, '--encrypt', ...keys()));
    const privateKey = createPrivateKey(bob.privateKeyPem);
    const opened = openMessage(stdoutBytes, {
      decryption: [{ certificate: bob.certificate, privateKey }],
      trustAnchors: [],
      now: new Date(),
    });
    expect(opened.layers.map(({ kind }) => kind)).toEqual(['encrypted']);
    expect(opened.entity.toString()).toContain('\r\n\r\ntext\r\n');
  });

  it('refuses to encrypt for a recipient without a certificate, and writes nothing', async () => {
    const file = write(site.directory, 'dave.eml', toBob.replace('bob@', 'dave@'));
    const run = await send(file, '--sign', '--encrypt', ...keys());
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('there is no certificate for dave@example.net');
    expect(run.stderr).not.toContain('queue retry');
  });

  it('refuses to sign as somebody whose key is not there', async () => {
    const file = write(site.directory, 'mallory.eml', toBob.replace('steve@', 'mallory@'));
    const run = await send(file, '--sign', ...keys());
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('no private key for mallory@example.com');
  });

  it('refuses a message that becomes several copies', async () => {
    const run = await send(write(site.directory, 'blind.eml', blindToCarol), '--encrypt', ...keys());
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('becomes 2 copies');
  });

  it('says for whom a message is that its header does not name', async () => {
    const run = succeeded(await send(write(site.directory, 'blind.eml', blindToCarol), '--sign', ...keys()));
    expect(run.stdout).not.toContain('carol');
    expect(run.stderr).toContain('also for carol@example.org');
  });

  it('says that a file is not there, and exits with an I/O error', async () => {
    const run = await send(join(site.directory, 'nothing.eml'));
    expect(run.status).toBe(74);
    expect(run.stderr).toContain('nothing.eml is not there');
  });
});

describe('send with a configuration', () => {
  it('lets the policy decide when no flag says how to seal', async () => {
    const { stdoutBytes } = succeeded(await send(plain, ...config()));
    expect(await opensslWith(bob).open(stdoutBytes)).toMatchObject({ signerOk: true });
  });

  it('does not let --sign take away the encryption that the policy requires', async () => {
    const { stdout } = succeeded(await send(plain, '--sign', ...config()));
    expect(stdout).toContain('smime-type=enveloped-data');
    expect(stdout).not.toContain('text/plain');
  });

  it('lets --encrypt add what the policy does not demand', async () => {
    site.configure('protect: { encrypt: none }');
    expect(succeeded(await send(plain, ...config())).stdout).toContain('multipart/signed');
    expect(succeeded(await send(plain, '--encrypt', ...config())).stdout).toContain('smime-type=enveloped-data');
  });

  it('gives --keys precedence over the keys of the configuration', async () => {
    const run = await send(plain, ...config(), '--keys', site.pickup);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain(`no certificate for bob@example.net in ${site.pickup}`);
  });

  it('reports a configuration that is not valid and exits 78', async () => {
    site.configure('protect: { encrypt: maybe }');
    const run = await send(plain, ...config());
    expect(run.status).toBe(78);
    expect(run.stderr).toContain(site.configFile);
  });
});

describe('send --send-pickup', () => {
  it('puts every copy into pickup, with its envelope, and leaves none in staging', async () => {
    const run = succeeded(await send(write(site.directory, 'blind.eml', blindToCarol), '--send-pickup', ...config()));
    const files = [...site.sealed()].map(([name, bytes]) => ({ name, text: bytes.toString('latin1') }));
    expect(files.map(({ text }) => /^x-receiver: (.*)\r$/m.exec(text)?.[1])).toEqual(['bob@example.net', 'carol@example.org']);
    expect(files.every(({ text }) => text.startsWith('x-sender: steve@example.com\r\n'))).toBe(true);
    expect(run.stdout.trim().split('\n')).toEqual([
      `${site.pickup}/${files[0]?.name ?? ''}  bob@example.net`,
      `${site.pickup}/${files[1]?.name ?? ''}  carol@example.org`,
    ]);
    expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toEqual([]);
  });

  it('needs no spool', async () => {
    site.configure('');
    const file = site.configFile;
    const text = readFileSync(file, 'utf8').replace(`spool: ${site.spool}`, `spool: ${join(site.directory, 'none')}`);
    write(site.directory, 'sealdrop.yaml', text);
    succeeded(await send(plain, '--send-pickup', ...config()));
    expect(site.pickedUp()).toHaveLength(1);
  });

  it('puts nothing anywhere when one recipient has no certificate', async () => {
    const file = write(site.directory, 'both.eml', toBob.replace('To: ', 'To: dave@example.net, '));
    const run = await send(file, '--send-pickup', ...config());
    expect(run.status).toBe(65);
    expect(site.pickedUp()).toEqual([]);
    expect(readdirSync(site.staging)).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('gives what root writes to the owner of staging, so that the MTA can read it', async () => {
    chownSync(site.staging, 61_001, 61_100);
    succeeded(await send(plain, '--send-pickup', ...config()));
    const { uid, gid, mode } = statSync(join(site.pickup, site.pickedUp()[0] ?? ''));
    expect([uid, gid, mode & 0o777]).toEqual([61_001, 61_100, 0o640]);
  });

  it('prints the files as JSON', async () => {
    const run = succeeded(await send(plain, '--send-pickup', '--json', ...config()));
    const { copies } = JSON.parse(run.stdout) as { copies: { file: string; recipients: string[] }[] };
    expect(copies).toEqual([{ file: join(site.pickup, site.pickedUp()[0] ?? ''), recipients: ['bob@example.net'] }]);
  });
});

describe('send on the command line', () => {
  it.each([
    [['--send-smtp', '--send-pickup'], '--send-pickup'],
    [['--sign', '--sign-detached'], '--sign-detached'],
    [['--queue', '--encrypt'], '--encrypt'],
    [['--send-pickup'], 'needs -c FILE'],
    [['--queue'], 'needs -c FILE'],
    [['--json'], '--json'],
    [['--sing'], 'Did you mean --sign'],
  ])('refuses %j with exit 64', async (flags, words) => {
    const run = await send(plain, ...flags);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain(words);
    expect(run.stdout).toBe('');
  });

  it('explains itself', async () => {
    const { stdout } = succeeded(await sealdrop(['send', '--help']));
    for (const word of ['--sign', '--encrypt', '--send-smtp', '--queue', 'SMTP_HOST', 'Exit codes']) expect(stdout).toContain(word);
  });
});
