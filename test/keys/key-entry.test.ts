import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pkcs12, writeIdentity, writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { DAY_MS, emptyDirectory, now, open, put } from './support.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const bob = pki.issue({ address: 'bob@example.net', key: 'p-256' });

describe('what is found in the directory', () => {
  it('is told with subject, issuer, serial, fingerprint, time and algorithm', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    const x509 = new X509Certificate(bob.certificate);
    expect(open(directory).entries(now)).toEqual([
      {
        address: 'bob@example.net',
        kind: 'recipient',
        files: [`${directory}/bob@example.net.crt`],
        ignored: [],
        uses: ['encrypt'],
        subject: 'CN=bob@example.net',
        issuer: 'CN=Test S/MIME Issuing CA main, O=Sealdrop Test',
        serial: x509.serialNumber,
        fingerprint: createHash('sha256').update(bob.certificate).digest('hex'),
        notBefore: new Date(x509.validFrom),
        notAfter: new Date(x509.validTo),
        algorithm: 'EC P-256',
        fault: undefined,
      },
    ]);
  });

  it('is in the order of addresses, an identity of key and certificate files being one entry', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    writeIdentity(directory, alice, { as: 'pem' });
    expect(
      open(directory)
        .entries(now)
        .map(({ address, kind, uses }) => [address, kind, uses]),
    ).toEqual([
      ['alice@example.com', 'identity', ['sign', 'encrypt']],
      ['bob@example.net', 'recipient', ['encrypt']],
    ]);
  });

  it('is two entries when mail is encrypted to another certificate than signs', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'p12' });
    writeRecipient(directory, pki.issue({ address: 'alice@example.com', edition: 2 }));
    expect(
      open(directory)
        .entries(now)
        .map(({ kind, uses }) => [kind, uses]),
    ).toEqual([
      ['identity', ['sign']],
      ['recipient', ['encrypt']],
    ]);
  });

  it('is a recipient when a PEM file holds a certificate alone', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.pem', bob.certificatePem);
    expect(open(directory).entries(now)).toMatchObject([{ kind: 'recipient', uses: ['encrypt'], fault: undefined }]);
  });

  it('names the files that another takes precedence of', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'pem' });
    put(directory, 'alice@example.com.p12', pkcs12(alice));
    expect(open(directory).entries(now)).toMatchObject([
      {
        files: [`${directory}/alice@example.com.p12`, `${directory}/alice@example.com.crt`],
        ignored: [`${directory}/alice@example.com.pem`],
      },
    ]);
  });

  it('is told with its fault, as far as it could be read', () => {
    const directory = emptyDirectory();
    writeRecipient(
      directory,
      pki.issue({ address: 'old@example.net', notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }),
    );
    put(directory, 'garbage@example.net.crt', 'garbage');
    expect(open(directory).entries(now)).toMatchObject([
      { address: 'garbage@example.net', uses: [], subject: undefined, fault: { code: 'key-file-damaged' } },
      { address: 'old@example.net', uses: [], subject: 'CN=old@example.net', fault: { code: 'certificate-expired' } },
    ]);
  });

  it('is judged at the time asked for', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    expect(open(directory).entries(new Date(Date.now() + 800 * DAY_MS))).toMatchObject([{ fault: { code: 'certificate-expired' } }]);
  });

  it('does not include keys or passphrases', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'p12', passphrase: 'tulips-1637' });
    const text = JSON.stringify(open(directory).entries(now));
    expect(text).not.toContain('tulips');
    expect(text).not.toContain('rivateKey');
  });

  it('leaves out what stands for no address, which is told apart', () => {
    const directory = emptyDirectory();
    put(directory, 'ca.crt', alice.chainPem);
    put(directory, 'nobody@example.com.pass', 'secret');
    expect(open(directory).entries(now)).toEqual([]);
    expect(open(directory).unusedFiles()).toEqual(['ca.crt', 'nobody@example.com.pass']);
  });
});
