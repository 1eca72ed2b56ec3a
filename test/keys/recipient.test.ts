import { describe, expect, it } from 'vitest';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const pki = testPki();
const bob = pki.issue({ address: 'bob@example.net' });

describe('a recipient certificate', () => {
  it.each(['pem', 'der'] as const)('is read from .crt in %s', (encoding) => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob, encoding);
    expect(open(directory).recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it('is read from .cer, in any spelling of the extension', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.CER', bob.certificate, 0o644);
    expect(open(directory).recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it('is found in a file that starts with its chain', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.crt', pki.root.certificatePem + bob.chainPem + bob.certificatePem);
    expect(open(directory).recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it.each(['p12', 'pem'] as const)('of one of our own people is read from the identity (%s)', (as) => {
    const directory = emptyDirectory();
    writeIdentity(directory, bob, { as, passphrase: 'secret' });
    expect(open(directory).recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it('is read from a PEM file that holds nothing else', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.pem', bob.certificatePem, 0o644);
    expect(open(directory).recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it('beside a .p12 is the one that is encrypted to', () => {
    const renewed = pki.issue({ address: 'bob@example.net', edition: 2 });
    const directory = emptyDirectory();
    writeIdentity(directory, bob, { as: 'p12' });
    writeRecipient(directory, renewed);
    const keys = open(directory);
    expect(keys.recipient('bob@example.net', now).certificate.equals(renewed.certificate)).toBe(true);
    expect(keys.identity('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it.each(['p-256', 'p-384', 'p-521', 'x25519'] as const)('may have a key of the kind %s', (key) => {
    const issued = pki.issue({ address: 'curve@example.net', key });
    const directory = emptyDirectory();
    writeRecipient(directory, issued);
    expect(open(directory).recipient('curve@example.net', now).certificate.equals(issued.certificate)).toBe(true);
  });

  it('with a key that only signs is refused', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, pki.issue({ address: 'curve@example.net', key: 'ed25519', keyUsage: null }));
    expect(codeOf(() => open(directory).recipient('curve@example.net', now))).toBe('unusable-certificate');
  });
});

describe('a missing certificate', () => {
  it('is named by its address and the file to put there', () => {
    const directory = emptyDirectory();
    const fault = faultOf(() => open(directory).recipient('carol@Example.ORG', now));
    expect(fault).toMatchObject({ code: 'missing-certificate', disposition: 'quarantine' });
    expect(fault.message).toContain('carol@example.org');
    expect(fault.cure).toContain(`${directory}/carol@example.org.crt`);
  });

  it('comes with a hint when a file differs in upper and lower case alone', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    const fault = faultOf(() => open(directory).recipient('Bob@example.net', now));
    expect(fault.code).toBe('missing-certificate');
    expect(fault.message).toContain('bob@example.net.crt differs only in upper and lower case');
  });

  it('of an address that cannot be a file name does not name an impossible file', () => {
    const fault = faultOf(() => open(emptyDirectory()).recipient('a/b@example.net', now));
    expect(fault.cure).not.toContain('.crt');
  });

  it('of a key without certificate is told as such', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.pem', bob.privateKeyPem);
    expect(codeOf(() => open(directory).recipient('bob@example.net', now))).toBe('identity-without-certificate');
  });
});
