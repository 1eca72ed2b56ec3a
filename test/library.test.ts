import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { open, type SealOptions, seal, sealInPieces } from '../src/library.js';
import { openssl } from './kit/openssl-cli.js';
import { testPki } from './kit/pki.js';
import { makeTemp, removeTemp } from './kit/temp.js';

const directory = makeTemp('library');
afterAll(() => removeTemp(directory));

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const aliceEc = pki.issue({ address: 'alice@example.com', key: 'p-256' });
const bob = pki.issue({ address: 'bob@example.net' });

const MESSAGE = Buffer.from(
  'From: alice@example.com\nTo: bob@example.net\nBcc: carol@example.org\nSubject: Invoice\nContent-Type: text/plain; charset=utf-8\n\n1 € is due.\n',
);
const INNER = Buffer.from('Content-Type: text/plain; charset=utf-8\r\n\r\n1 € is due.\r\n');

const chain = [pki.intermediate.certificate, pki.root.certificate];
const signer = { certificate: alice.certificate, privateKey: alice.privateKeyPem, chain };
const keys = [{ certificate: bob.certificate, privateKey: bob.privateKeyPem }];
const trust = [pki.root.certificate];

describe('seal and open', () => {
  const ways: [string, SealOptions, string[]][] = [
    ['signed', { sign: { signers: [signer] } }, ['signed']],
    ['encrypted with an authenticated cipher', { encrypt: { recipients: [bob.certificate], content: 'aes-256-gcm' } }, ['encrypted']],
    ['signed and encrypted', { sign: { signers: [signer] }, encrypt: { recipients: [bob.certificate] } }, ['encrypted', 'signed']],
    [
      'signed by two keys',
      { sign: { signers: [signer, { ...signer, certificate: aliceEc.certificate, privateKey: aliceEc.privateKeyPem }], form: 'opaque' } },
      ['signed'],
    ],
    [
      'wrapped three times',
      { sign: { signers: [signer], outer: 'detached' }, encrypt: { recipients: [bob.certificate] } },
      ['signed', 'encrypted', 'signed'],
    ],
  ];

  it.each(ways)('%s', (_name, options, kinds) => {
    const sealed = seal(MESSAGE, options);
    const opened = open(sealed, { keys, trust });
    expect(opened.layers.map(({ kind }) => kind)).toEqual(kinds);
    expect(opened.ok).toBe(true);
    if (kinds.includes('encrypted')) expect(opened.entity).toEqual(INNER);
    expect(sealed.toString('latin1')).not.toMatch(/carol|^Bcc/m);
  });

  it('gives the same octets in pieces, and tells what it used and changed', () => {
    const sealed = sealInPieces(MESSAGE, { sign: { signers: [signer] }, encrypt: { recipients: [bob.certificate] } });
    const whole = Buffer.concat([...sealed.pieces()]);
    expect(whole).toHaveLength(sealed.sizeBytes);
    expect(open(whole, { keys, trust }).ok).toBe(true);
    expect(sealed.algorithms).toEqual(['rsa-pkcs1+sha256', 'aes-256-cbc+rsa-pkcs1']);
    expect(sealed.changes).toContain('bcc-removed');
  });

  it('takes PEM as text as well', () => {
    const pem = readFileSync(bob.files.certificate, 'utf8');
    expect(open(seal(MESSAGE, { encrypt: { recipients: [pem] } }), { keys }).entity).toEqual(INNER);
  });

  it('protects the header when asked, and tells what protects it', () => {
    const encryption = { recipients: [bob.certificate] };
    const sealed = seal(MESSAGE, { sign: { signers: [signer] }, encrypt: encryption, headerProtection: { confidential: ['X-None'] } });
    expect(sealed.toString('latin1')).toMatch(/^Subject: \[\.\.\.\]\r$/m);
    const opened = open(sealed, { keys, trust });
    expect(opened.ok).toBe(true);
    expect(opened.header?.fields).toContainEqual({ name: 'Subject', value: 'Invoice', protection: 'signed-and-encrypted' });
    expect(opened.message.toString()).toMatch(/^Subject: Invoice\r$/m);
    expect(open(seal(MESSAGE, { sign: { signers: [signer] }, headerProtection: {} }), { trust }).header?.hp).toBe('clear');
    expect(() => seal(MESSAGE, { encrypt: encryption, headerProtection: { confidential: ['Date'] } })).toThrow(TypeError);
  });

  it('is read by openssl', () => {
    const file = join(directory, 'sealed.eml');
    writeFileSync(file, seal(MESSAGE, { encrypt: { recipients: [bob.certificate] } }));
    const { certificate, privateKey } = bob.files;
    expect(openssl(['cms', '-decrypt', '-binary', '-in', file, '-recip', certificate, '-inkey', privateKey])).toEqual(INNER);
  });

  it('does not let a message pass that is to be neither signed nor encrypted, nor one encrypted to nobody', () => {
    expect(() => seal(MESSAGE, {})).toThrow(expect.objectContaining({ code: 'unsealed-refused' }));
    expect(() => seal(MESSAGE, { encrypt: { recipients: [] } })).toThrow(expect.objectContaining({ code: 'no-recipients' }));
  });

  it('says that a certificate cannot be read, and nothing of what it holds', () => {
    expect(() => seal(MESSAGE, { encrypt: { recipients: ['secret'] } })).toThrow(
      expect.objectContaining({ code: 'unusable-certificate', message: expect.not.stringContaining('secret') }),
    );
  });

  it('believes nobody without trust', () => {
    expect(open(seal(MESSAGE, { sign: { signers: [signer] } })).layers[0]?.verdict).toBe('untrusted');
  });
});

describe('docs/library.md', () => {
  it('has an example that works when it is run', () => {
    const root = new URL('..', import.meta.url);
    const code = /```js\n(.*?)```/s.exec(readFileSync(new URL('docs/library.md', root), 'utf8'))?.[1] ?? '';
    const files = {
      'message.eml': MESSAGE,
      'steve.crt': alice.certificate,
      'steve.pem': alice.privateKeyPem,
      'bob.crt': bob.certificate,
      'bob.pem': bob.privateKeyPem,
      // The example sends no chain along: what issued the certificate is trusted itself.
      'ca.crt': pki.intermediate.certificate,
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
    const placed = code.replace(/(readFileSync|writeFileSync)\('/g, `$1('${directory}/`);
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', placed], { cwd: root, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe("true [ 'encrypted: valid', 'signed: valid' ]\n");
  });
});
