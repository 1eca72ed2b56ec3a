import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityIn, writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { openssl } from '../kit/openssl-cli.js';
import { Site } from '../kit/site.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { bob, steve, succeeded } from './people.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('audit-identity');
});
afterEach(() => removeTemp(directory));

describe('audit identity', () => {
  it.each([
    ['p-256', [], /id-ecPublicKey/],
    ['rsa', ['--rsa'], /Public-Key: \(3072 bit\)/],
  ] as const)('makes a key and a certificate that openssl finds sound: %s', async (_, options, algorithm) => {
    const key = join(directory, 'audit.pem');
    const run = succeeded(await sealdrop(['audit', 'identity', key, '--name', 'Audit of Example', ...options]));
    expect((statSync(key).mode & 0o777).toString(8)).toBe('600');
    const certificate = join(directory, 'audit.crt');
    expect(run.stdout.split('\n').slice(0, 2)).toEqual([key, certificate]);
    expect(run.stdout + run.stderr).not.toContain('PRIVATE');
    const text = openssl(['x509', '-in', certificate, '-noout', '-text', '-fingerprint', '-sha256']).toString();
    expect(text).toMatch(algorithm);
    expect(text).toMatch(/Subject: CN = Audit of Example/);
    expect(text).toMatch(/CA:FALSE/);
    expect(text).toMatch(/Digital Signature, Non Repudiation/);
    expect(run.stderr).toContain(/Fingerprint=(\S+)/i.exec(text)?.[1] ?? 'no fingerprint');
    expect(openssl(['verify', '-CAfile', certificate, certificate]).toString()).toMatch(/: OK/);
    expect(identityIn(key).signer.subject).toBe('CN=Audit of Example');
  });

  it('overwrites neither key nor certificate, and leaves nothing behind', async () => {
    const key = join(directory, 'audit.pem');
    writeFileSync(key, 'mine', { mode: 0o600 });
    const run = await sealdrop(['audit', 'identity', key]);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain(`${key} is there already`);
    expect(readFileSync(key, 'utf8')).toBe('mine');
    expect(existsSync(join(directory, 'audit.crt'))).toBe(false);
  });

  it.each([
    [['audit.key'], /does not end in \.pem/],
    [['audit.pem', '--days', '0'], /no number of days/],
  ])('refuses %s', async ([file = '', ...options], words) => {
    const run = await sealdrop(['audit', 'identity', join(directory, file), ...options]);
    expect(run.status).toBe(64);
    expect(run.stderr).toMatch(words);
  });

  it('is used by init, so that an installation signs from its first day', async () => {
    const home = join(directory, 'site');
    succeeded(await sealdrop(['init', home]));
    expect(readFileSync(join(home, 'sealdrop.yaml'), 'utf8')).toContain(`identity: ${join(home, 'audit.pem')}`);
    expect(identityIn(join(home, 'audit.pem')).certificates).toHaveLength(1);
  });
});

describe('doctor', () => {
  const site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }' });
  afterEach(() => site.remove());

  it('says who signs the audit trail, when that ends, and when nobody does', async () => {
    const said = async () => (await sealdrop(['doctor', '-c', site.configFile])).stdout.replace(/\s+/g, ' ');
    expect(await said()).toContain('no checkpoints are made: nothing signs the audit trail');
    const soon = writeAuditIdentity(site.directory, 'soon', { notAfter: new Date(Date.now() + 3 * 86_400_000) });
    site.configure(`http: { listen: off }\naudit: { identity: ${soon} }`);
    expect(await said()).toMatch(/warning audit checkpoints are signed by CN=soon of a test .*expires in [23] days/);
    const key = writeAuditIdentity(site.directory);
    site.configure(`http: { listen: off }\naudit: { identity: ${key} }`);
    expect((await runOnce(site)).status).toBe(0);
    const text = await said();
    expect(text).toMatch(/ok audit checkpoints are signed by CN=audit of a test/);
    expect(text).toMatch(/ok audit the newest checkpoint is 1 of 20/);
    site.configure(`http: { listen: off }\naudit: { identity: ${site.directory}/none.pem }`);
    expect(await said()).toMatch(/error audit audit\.identity: .*none\.pem/);
  });
});
