import { describe, expect, it } from 'vitest';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { openssl } from '../kit/openssl-cli.js';
import { type CertificateSpec, testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';
import { codeOf, DAY_MS, emptyDirectory, faultOf, now, open, put } from './support.js';

const pki = testPki();

/** A directory with one certificate, as recipient (`.crt`) and as identity (`.p12`). */
function withCertificate(spec: CertificateSpec): { signing: () => unknown; encrypting: () => unknown; directory: string } {
  const issued = pki.issue(spec);
  const [identities, recipients] = [emptyDirectory(), emptyDirectory()];
  writeIdentity(identities, issued, { as: 'p12' });
  writeRecipient(recipients, issued);
  return {
    signing: () => open(identities).identity(spec.address, now),
    encrypting: () => open(recipients).recipient(spec.address, now),
    directory: recipients,
  };
}

describe('a certificate out of its time', () => {
  it('is refused when it has expired, with address, file and date', () => {
    const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 - DAY_MS);
    const { signing, encrypting, directory } = withCertificate({
      address: 'alice@example.com',
      notBefore: new Date(Date.now() - 9 * DAY_MS),
      notAfter,
    });
    expect(codeOf(signing)).toBe('certificate-expired');
    const fault = faultOf(encrypting);
    expect(fault).toMatchObject({ code: 'certificate-expired', disposition: 'quarantine' });
    expect(fault.message).toContain(`${directory}/alice@example.com.crt`);
    expect(fault.message).toContain(notAfter.toISOString());
  });

  it('is refused before its time, and the clock is questioned', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', notBefore: new Date(Date.now() + 5 * DAY_MS) });
    expect(codeOf(signing)).toBe('certificate-not-yet-valid');
    expect(faultOf(encrypting).cure).toContain(now.toISOString());
  });

  it('is judged at each use, not only when it was read', () => {
    const directory = emptyDirectory();
    const notAfter = new Date(Date.now() + 5 * DAY_MS);
    writeRecipient(directory, pki.issue({ address: 'alice@example.com', notAfter }));
    const keys = open(directory);
    expect(keys.recipient('alice@example.com', now).address).toBe('alice@example.com');
    expect(codeOf(() => keys.recipient('alice@example.com', new Date(notAfter.getTime() + 1000)))).toBe('certificate-expired');
    expect(codeOf(() => keys.recipient('alice@example.com', new Date(Date.now() - 5 * DAY_MS)))).toBe('certificate-not-yet-valid');
    expect(keys.recipient('alice@example.com', now).address).toBe('alice@example.com');
  });
});

describe('a certificate for something else', () => {
  it('is refused when it is a CA', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', addresses: ['alice@example.com'], isCa: true });
    expect(codeOf(signing)).toBe('certificate-is-ca');
    expect(faultOf(encrypting).cure).toContain('basicConstraints=critical,CA:FALSE');
  });

  it('does not sign without digitalSignature or nonRepudiation', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', keyUsage: 'critical,keyEncipherment' });
    expect(faultOf(signing)).toMatchObject({ code: 'certificate-key-usage', message: expect.stringContaining('digitalSignature') });
    expect(encrypting).not.toThrow();
  });

  it('signs with nonRepudiation alone, and is then not encrypted to', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', keyUsage: 'critical,nonRepudiation' });
    expect(signing).not.toThrow();
    expect(faultOf(encrypting)).toMatchObject({ code: 'certificate-key-usage', message: expect.stringContaining('keyEncipherment') });
  });

  it('with an elliptic curve key is not encrypted to without keyAgreement', () => {
    const { encrypting } = withCertificate({
      address: 'alice@example.com',
      key: 'p-256',
      keyUsage: 'critical,digitalSignature,keyEncipherment',
    });
    expect(faultOf(encrypting)).toMatchObject({ code: 'certificate-key-usage', message: expect.stringContaining('keyAgreement') });
  });

  it('is refused when its extendedKeyUsage does not allow mail', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', extendedKeyUsage: 'serverAuth,clientAuth' });
    expect(codeOf(signing)).toBe('certificate-extended-key-usage');
    expect(codeOf(encrypting)).toBe('certificate-extended-key-usage');
  });

  it.each(['anyExtendedKeyUsage', 'clientAuth,emailProtection', null])('is accepted with the extendedKeyUsage %s', (extendedKeyUsage) => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', extendedKeyUsage });
    expect(signing).not.toThrow();
    expect(encrypting).not.toThrow();
  });

  it('is accepted without any keyUsage', () => {
    const { signing, encrypting } = withCertificate({ address: 'alice@example.com', keyUsage: null });
    expect(signing).not.toThrow();
    expect(encrypting).not.toThrow();
  });
});

describe('the address in a certificate', () => {
  it('must be the one it is used for', () => {
    const fault = faultOf(withCertificate({ address: 'alice@example.com', addresses: ['alice@example.org'] }).encrypting);
    expect(fault.code).toBe('certificate-address');
    expect(fault.message).toContain('alice@example.org');
    expect(fault.cure).toContain('alice@example.com');
  });

  it('is compared exactly before the @, which the error explains', () => {
    const fault = faultOf(withCertificate({ address: 'Alice@example.com', addresses: ['alice@example.com'] }).signing);
    expect(fault.code).toBe('certificate-address');
    expect(fault.message).toContain('differ in upper and lower case');
  });

  it('is compared without case after the @', () => {
    expect(withCertificate({ address: 'alice@example.com', addresses: ['alice@EXAMPLE.com'] }).encrypting).not.toThrow();
  });

  it('may be one of several', () => {
    const addresses = ['other@example.com', 'alice@example.com', 'third@example.com'];
    expect(withCertificate({ address: 'alice@example.com', addresses }).signing).not.toThrow();
  });

  it('may be the emailAddress of the subject (legacy)', () => {
    const spec = { address: 'alice@example.com', addresses: [], subject: '/CN=Alice/emailAddress=alice@example.com' };
    expect(withCertificate(spec).encrypting).not.toThrow();
  });

  it('may be an SmtpUTF8Mailbox (RFC 9598)', () => {
    const spec = { address: 'jürgen@example.com', addresses: [], utf8Addresses: ['jürgen@example.com'], subject: '/CN=Alice' };
    expect(withCertificate(spec).encrypting).not.toThrow();
  });

  it('may have an international domain in A-labels, as the file name has it in U-labels', () => {
    const issued = pki.issue({ address: 'alice@xn--bcher-kva.example' });
    const directory = emptyDirectory();
    put(directory, 'alice@bücher.example.crt', issued.certificatePem);
    expect(open(directory).recipient('alice@bücher.example', now).certificate.equals(issued.certificate)).toBe(true);
    expect(open(directory).recipient('alice@XN--BCHER-KVA.example', now).certificate.equals(issued.certificate)).toBe(true);
  });

  it('is not found in the CN of the subject', () => {
    expect(codeOf(withCertificate({ address: 'alice@example.com', addresses: [] }).encrypting)).toBe('certificate-address');
  });
});

describe('a key', () => {
  /** What testPki would not make: self-signed with a key of any kind. */
  function selfSigned(...newKey: string[]): { directory: string; signing: () => unknown } {
    const directory = emptyDirectory();
    const keyFile = `${makeTemp('key')}/key.pem`;
    const extensions = ['basicConstraints=critical,CA:FALSE', 'subjectAltName=email:alice@example.com'].flatMap((text) => [
      '-addext',
      text,
    ]);
    const certificate = openssl(['req', '-x509', '-noenc', '-subj', '/CN=Alice', '-newkey', ...newKey, '-keyout', keyFile, ...extensions]);
    put(directory, 'alice@example.com.pem', openssl(['pkey', '-in', keyFile]));
    put(directory, 'alice@example.com.crt', certificate);
    return { directory, signing: () => open(directory).identity('alice@example.com', now) };
  }

  it('of RSA with 1024 bits is refused', () => {
    const { directory, signing } = selfSigned('rsa:1024');
    expect(faultOf(signing)).toMatchObject({ code: 'weak-key', message: expect.stringContaining('1024') });
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('weak-key');
  });

  it('restricted to RSASSA-PSS signs, and is not encrypted to', () => {
    const { directory, signing } = selfSigned('rsa-pss');
    expect(signing).not.toThrow();
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('unusable-certificate');
  });

  it('on a curve that mail programs do not know is refused', () => {
    const { signing } = selfSigned('ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1');
    expect(faultOf(signing)).toMatchObject({ code: 'unusable-certificate', message: expect.stringContaining('secp256k1') });
  });

  it('of Ed448, which is not signed with here, is refused', () => {
    expect(codeOf(selfSigned('ed448').signing)).toBe('unusable-certificate');
  });
});
