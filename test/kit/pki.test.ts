import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeIdentity, writeRecipient } from './key-files.js';
import { openssl } from './openssl-cli.js';
import { type KeyKind, testPki } from './pki.js';
import { makeTemp, removeTemp } from './temp.js';
import { describeWith } from './tools.js';

describeWith(['openssl'], 'test PKI', () => {
  const directory = makeTemp('pki');
  afterAll(() => removeTemp(directory));

  const kinds: KeyKind[] = ['rsa-2048', 'rsa-3072', 'p-256', 'p-384', 'p-521', 'ed25519', 'x25519'];
  test.each(kinds)('issues a %s certificate that chains to the root and carries its address', (key) => {
    const pki = testPki();
    const alice = pki.issue({ address: 'alice@example.com', key });
    openssl(['verify', '-CAfile', pki.root.files.certificate, '-untrusted', alice.files.chain, alice.files.certificate]);
    const certificate = new X509Certificate(alice.certificate);
    expect(certificate.subjectAltName).toBe('email:alice@example.com');
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(alice.privateKeyPem))).toBe(true);
  });

  test('gives back the same certificate for the same spec and another one for another edition', () => {
    const pki = testPki();
    const first = pki.issue({ address: 'bob@example.net' });
    expect(testPki().issue({ address: 'bob@example.net' }).certificate).toEqual(first.certificate);
    expect(pki.issue({ address: 'bob@example.net', edition: 2 }).certificate).not.toEqual(first.certificate);
  });

  test('a hierarchy of another name is not trusted', () => {
    const stranger = testPki('stranger').issue({ address: 'mallory@example.org' });
    const root = testPki().root.files.certificate;
    expect(() => openssl(['verify', '-CAfile', root, '-untrusted', stranger.files.chain, stranger.files.certificate])).toThrow(/failed/);
  });

  test('makes expired, not yet valid and wrongly used certificates', () => {
    const pki = testPki();
    const expired = pki.issue({ address: 'old@example.com', notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
    expect(new X509Certificate(expired.certificate).validTo).toBe('Jan  1 00:00:00 2021 GMT');
    const future = pki.issue({ address: 'new@example.com', notBefore: new Date('2051-01-01'), notAfter: new Date('2052-01-01') });
    expect(new X509Certificate(future.certificate).validFrom).toBe('Jan  1 00:00:00 2051 GMT');
    const signOnly = pki.issue({ address: 's@example.com', keyUsage: 'critical,digitalSignature', extendedKeyUsage: 'clientAuth' });
    expect(new X509Certificate(signOnly.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const bare = pki.issue({ address: 'b@example.com', keyUsage: null, extendedKeyUsage: null, addresses: [] });
    expect(new X509Certificate(bare.certificate).subjectAltName).toBeUndefined();
  });

  test('keeps a multi-valued RDN and addresses beyond ASCII', () => {
    const issued = testPki().issue({
      address: 'multi@example.com',
      subject: '/O=Lab+OU=Mail/CN=Multi',
      addresses: [],
      utf8Addresses: ['jürgen@example.com'],
    });
    const text = openssl(['x509', '-in', issued.files.certificate, '-noout', '-subject', '-ext', 'subjectAltName']).toString();
    expect(text).toContain('O = Lab + OU = Mail');
    expect(text).toMatch(/othername: SmtpUTF8Mailbox:+jürgen@example.com/);
  });

  test('writes a keys directory in every accepted form', () => {
    const issued = testPki().issue({ address: 'steve@example.com' });
    const at = (name: string) => join(directory, name);
    writeIdentity(at('pem'), issued);
    expect(readdirSync(at('pem'))).toEqual(['steve@example.com.crt', 'steve@example.com.pem']);
    expect(statSync(join(at('pem'), 'steve@example.com.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(at('pem'), 'steve@example.com.crt'), 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(2);

    const [encrypted = ''] = writeIdentity(at('encrypted'), issued, { passphrase: 'correct horse', traditional: true });
    expect(() => createPrivateKey(readFileSync(encrypted))).toThrow();
    expect(createPrivateKey({ key: readFileSync(encrypted), passphrase: 'correct horse' }).asymmetricKeyType).toBe('rsa');

    for (const legacy of [false, true]) {
      const [p12 = ''] = writeIdentity(at(`p12-${legacy}`), issued, { as: 'p12', passphrase: 'x', legacy });
      const args = ['pkcs12', '-in', p12, '-nokeys', '-passin', 'env:SECRET', ...(legacy ? ['-legacy'] : [])];
      expect(openssl(args, undefined, { SECRET: 'x' }).toString()).toContain('BEGIN CERTIFICATE');
    }
    expect(readFileSync(writeRecipient(at('der'), issued, 'der'))).toEqual(issued.certificate);
  });
});
