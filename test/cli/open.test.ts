import { chmodSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { pkcs12, writeIdentity, writeRecipient } from '../kit/key-files.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { bob, carol, noServer, pki, steve, succeeded, toBob, write } from './people.js';

const body = Buffer.concat([Buffer.from('caf'), Buffer.from([0xe9, 0x80, 0xff]), Buffer.from('\r\n')]);
const original = Buffer.concat([
  Buffer.from(toBob.replace('\r\n\r\ntext\r\n', '\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n')),
  body,
]);
const ca = pki.root.files.certificate;

let sealed: Buffer;
let signed: Buffer;
let directory: string;

beforeAll(async () => {
  const keys = makeTemp('open-keys');
  writeIdentity(keys, steve);
  writeRecipient(keys, bob);
  const file = write(keys, 'mail.eml', original);
  const send = async (...flags: string[]) =>
    succeeded(await sealdrop(['send', file, ...flags, '--keys', keys], { env: noServer })).stdoutBytes;
  sealed = await send('--sign', '--encrypt');
  signed = await send('--sign-detached');
  removeTemp(keys);
});
beforeEach(() => {
  directory = makeTemp('open');
});
afterEach(() => removeTemp(directory));

function open(message: Buffer, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return sealdrop(['open', '-', ...args], { input: message, env: { SEALDROP_PASSPHRASE: undefined, ...env } });
}
const keyOf = (...options: Parameters<typeof writeIdentity>[2][]) => writeIdentity(directory, bob, options[0])[0] ?? '';

describe('open', () => {
  it('writes the message inside, octet for octet, when everything is right', async () => {
    const run = succeeded(await open(sealed, ['--key', keyOf(), '--ca', ca]));
    expect(run.stdoutBytes.subarray(-body.length)).toEqual(body);
    expect(run.stdout).toContain('Subject: one\r\n');
    expect(run.stderr).toMatch(/^encrypted \(enveloped\): valid/m);
    expect(run.stderr).toMatch(/^signed \(opaque\): valid/m);
    expect(run.stderr).toContain('steve@example.com');
  });

  it('verifies a message that is only signed, without any key', async () => {
    expect(succeeded(await open(signed, ['--ca', ca])).stderr).toMatch(/^signed \(detached\): valid/m);
  });

  it('writes nothing when the signer is not trusted, and says how to trust', async () => {
    const run = await open(sealed, ['--key', keyOf()]);
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('--ca');
  });

  it('writes nothing when the content was altered', async () => {
    const altered = Buffer.from(signed.toString('latin1').replace('caf', 'tea'), 'latin1');
    const run = await open(altered, ['--ca', ca]);
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(/signed \(detached\): invalid/);
  });

  it('writes it all the same with --force, warns, and still exits 65', async () => {
    const run = await open(sealed, ['--key', keyOf(), '--force']);
    expect(run.status).toBe(65);
    expect(run.stdoutBytes.subarray(-body.length)).toEqual(body);
    expect(run.stderr).toContain('WARNING');
  });

  it('writes nothing for a message that is neither signed nor encrypted', async () => {
    const run = await open(original, ['--ca', ca]);
    expect(run.status).toBe(65);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('neither signed nor encrypted');
  });

  it('names the recipients when the key is not one of theirs', async () => {
    const [key = ''] = writeIdentity(directory, carol);
    const run = await open(sealed, ['--key', key, '--ca', ca]);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('encrypted to');
    expect(run.stdout).toBe('');
  });

  it('takes several keys and uses the one that fits', async () => {
    const [other = ''] = writeIdentity(directory, carol);
    succeeded(await open(sealed, ['--key', other, '--key', keyOf(), '--ca', ca]));
  });

  it('prints findings as JSON instead of the message', async () => {
    const run = succeeded(await open(sealed, ['--key', keyOf(), '--ca', ca, '--json']));
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, layers: [{ kind: 'encrypted' }, { kind: 'signed' }] });
  });
});

describe('the key for open', () => {
  const good = async (key: string, env: NodeJS.ProcessEnv = {}) => succeeded(await open(sealed, ['--key', key, '--ca', ca], env));

  it('may be one PEM file with key and certificate', async () => {
    const key = write(directory, 'all.pem', bob.certificatePem + bob.privateKeyPem);
    chmodSync(key, 0o600);
    await good(key);
  });

  it('may be PKCS#12, with its passphrase in the environment', async () => {
    const key = write(directory, 'bob.p12', pkcs12(bob, { passphrase: 'open sesame' }));
    chmodSync(key, 0o600);
    await good(key, { SEALDROP_PASSPHRASE: 'open sesame' });
  });

  it('may be encrypted PEM, with its passphrase in the file beside it', async () => {
    await good(keyOf({ passphrase: 'open sesame' }));
  });

  it('is refused with a wrong passphrase, which is not shown', async () => {
    const run = await open(sealed, ['--key', keyOf({ passphrase: 'open sesame', passFile: false })], {
      SEALDROP_PASSPHRASE: 'wrong guess',
    });
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('does not open with the passphrase');
    expect(run.stderr).not.toContain('wrong guess');
  });

  it('is refused when others can read it, with the chmod to run', async () => {
    const key = keyOf();
    chmodSync(key, 0o644);
    const run = await open(sealed, ['--key', key, '--ca', ca]);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain(`chmod 600 ${key}`);
  });

  it('must have its certificate', async () => {
    const key = write(directory, 'alone.pem', bob.privateKeyPem);
    chmodSync(key, 0o600);
    const run = await open(sealed, ['--key', key, '--ca', ca]);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('alone.crt');
  });

  it('must be there', async () => {
    const run = await open(sealed, ['--key', `${directory}/none.pem`]);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('none.pem is not there');
  });
});
