import { sign, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pkcs12, writeIdentity } from '../kit/key-files.js';
import { openssl } from '../kit/openssl-cli.js';
import { type Issued, type KeyKind, testPki } from '../kit/pki.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const der = (pem: string): Buffer => new X509Certificate(pem).raw;

/** That the private key found is the one of the certificate found. */
function signs(directory: string, issued: Issued): boolean {
  const identity = open(directory).identity(issued.address, now);
  const digest = new X509Certificate(identity.certificate).publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(digest, Buffer.from('text'), identity.privateKey);
  return (
    identity.certificate.equals(issued.certificate) &&
    verify(digest, Buffer.from('text'), new X509Certificate(issued.certificate).publicKey, signature)
  );
}

describe('the forms an identity may have', () => {
  it.each([
    ['PKCS#12 with modern encryption', { as: 'p12', passphrase: 'secret' }],
    ['PKCS#12 with RC2 and 3DES', { as: 'p12', passphrase: 'secret', legacy: true }],
    ['PKCS#12 with the empty passphrase', { as: 'p12' }],
    ['PKCS#8 in PEM', { as: 'pem' }],
    ['encrypted PKCS#8', { as: 'pem', passphrase: 'secret' }],
    ['PKCS#1', { as: 'pem', traditional: true }],
    ['PKCS#1 in traditional encryption', { as: 'pem', traditional: true, passphrase: 'secret' }],
  ] as const)('%s is read', (_, options) => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, options);
    expect(signs(directory, alice)).toBe(true);
  });

  it.each(['p-256', 'p-384', 'p-521', 'ed25519'] satisfies KeyKind[])(
    'a key of the kind %s is read from PKCS#12, old and new, and from PEM',
    (key) => {
      const issued = pki.issue({ address: 'curve@example.com', key });
      for (const options of [{ as: 'p12' }, { as: 'p12', legacy: true }, { as: 'pem' }] as const) {
        const directory = emptyDirectory();
        writeIdentity(directory, issued, { ...options, passphrase: 'secret' });
        expect(signs(directory, issued), JSON.stringify(options)).toBe(true);
      }
    },
  );

  it('reads an elliptic curve key in SEC1 with its EC PARAMETERS before it', () => {
    const issued = pki.issue({ address: 'curve@example.com', key: 'p-256' });
    const directory = emptyDirectory();
    const parameters = openssl(['ecparam', '-name', 'prime256v1']).toString();
    put(directory, 'curve@example.com.pem', parameters + openssl(['ec', '-in', issued.files.privateKey]).toString());
    put(directory, 'curve@example.com.crt', issued.certificatePem);
    expect(signs(directory, issued)).toBe(true);
  });

  it('reads a PKCS#8 key in RC2, which OpenSSL 3 no longer decrypts by itself', () => {
    const directory = emptyDirectory();
    const legacy = ['-provider', 'legacy', '-provider', 'default', '-passout', 'pass:secret'];
    put(
      directory,
      'alice@example.com.pem',
      openssl(['pkcs8', '-topk8', '-in', alice.files.privateKey, '-v1', 'PBE-SHA1-RC2-40', ...legacy]),
    );
    put(directory, 'alice@example.com.crt', alice.certificatePem);
    put(directory, 'alice@example.com.pass', 'secret');
    expect(signs(directory, alice)).toBe(true);
  });

  it('reads key and certificate from one PEM file, text between the blocks and CRLF included', () => {
    const directory = emptyDirectory();
    const text = `Bag Attributes\n  friendlyName: Alice\n${alice.privateKeyPem}subject=CN = alice\n${alice.certificatePem}${alice.chainPem}`;
    put(directory, 'alice@example.com.pem', text.replaceAll('\n', '\r\n'));
    expect(signs(directory, alice)).toBe(true);
  });

  it('reads the certificate beside a PEM key in DER', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', alice.privateKeyPem);
    put(directory, 'alice@example.com.crt', alice.certificate);
    expect(signs(directory, alice)).toBe(true);
  });

  it('keeps a certificate with a multi-valued RDN byte for byte through PKCS#12', () => {
    const issued = pki.issue({ address: 'lab@example.com', subject: '/O=Lab+OU=Mail/CN=lab' });
    const directory = emptyDirectory();
    writeIdentity(directory, issued, { as: 'p12', passphrase: 'secret' });
    expect(open(directory).identity('lab@example.com', now).certificate.equals(issued.certificate)).toBe(true);
  });
});

describe('the chain', () => {
  it.each(['p12', 'pem'] as const)('is taken from the %s files without the root', (as) => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as, passphrase: 'secret' });
    const { certificateSet } = open(directory).identity('alice@example.com', now).signer;
    expect(certificateSet.includes(der(pki.intermediate.certificatePem))).toBe(true);
    expect(certificateSet.includes(der(pki.root.certificatePem))).toBe(false);
  });

  it('is found in a file that starts with it, and strangers are left out', () => {
    const stranger = testPki('strangers').issue({ address: 'mallory@example.com' });
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', alice.privateKeyPem);
    put(directory, 'alice@example.com.crt', pki.root.certificatePem + alice.chainPem + stranger.certificatePem + alice.certificatePem);
    const { signer, certificate } = open(directory).identity('alice@example.com', now);
    expect(certificate.equals(alice.certificate)).toBe(true);
    expect(signer.certificateSet.includes(der(pki.intermediate.certificatePem))).toBe(true);
    expect(signer.certificateSet.includes(stranger.certificate)).toBe(false);
  });

  it('is taken from a .crt beside a .p12 that has none', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.p12', pkcs12(alice, { withChain: false }));
    put(directory, 'alice@example.com.crt', alice.certificatePem + alice.chainPem);
    expect(open(directory).identity('alice@example.com', now).signer.certificateSet.includes(der(pki.intermediate.certificatePem))).toBe(
      true,
    );
  });
});

describe('a pair for signing and a pair for encryption', () => {
  const signing = pki.issue({ address: 'split@example.com', keyUsage: 'critical,digitalSignature' });
  const encryption = pki.issue({ address: 'split@example.com', keyUsage: 'critical,keyEncipherment' });
  const both = encryption.privateKeyPem + encryption.certificatePem + signing.privateKeyPem + signing.certificatePem;

  it('are told apart by their keyUsage, whatever their order', () => {
    const directory = emptyDirectory();
    put(directory, 'split@example.com.pem', both);
    const keys = open(directory);
    expect(keys.identity('split@example.com', now).certificate.equals(signing.certificate)).toBe(true);
    expect(keys.recipient('split@example.com', now).certificate.equals(encryption.certificate)).toBe(true);
  });

  it('are both sent with a signature, so that answers are encrypted to the right one', () => {
    const directory = emptyDirectory();
    put(directory, 'split@example.com.pem', both);
    expect(open(directory).identity('split@example.com', now).signer.certificateSet.includes(encryption.certificate)).toBe(true);
  });
});

describe('an identity that is not whole', () => {
  it('is missing when there is no file, and the cure names the files to put there', () => {
    const directory = emptyDirectory();
    const fault = faultOf(() => open(directory).identity('nobody@example.com', now));
    expect(fault).toMatchObject({ code: 'missing-identity', disposition: 'quarantine' });
    expect(fault.message).toContain('nobody@example.com');
    expect(fault.cure).toContain(`${directory}/nobody@example.com.p12`);
  });

  it('is missing when there is a certificate alone', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.crt', alice.certificatePem);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('missing-identity');
  });

  it('names the .crt to put beside a key without certificate', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', alice.privateKeyPem);
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault.code).toBe('identity-without-certificate');
    expect(fault.cure).toContain(`${directory}/alice@example.com.crt`);
  });

  it('is refused when its PEM file holds a certificate alone', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', alice.certificatePem);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('missing-private-key');
  });

  it.each(['pem', 'p12'] as const)('is refused when key and certificate do not belong together (%s)', (as) => {
    const other = pki.issue({ address: 'alice@example.com', edition: 2 });
    const mixed = { ...alice, certificatePem: other.certificatePem, files: { ...alice.files, certificate: other.files.certificate } };
    const directory = emptyDirectory();
    if (as === 'pem') writeIdentity(directory, mixed, { as });
    // openssl refuses to pair them itself: two containers without passphrase and MAC, the certificate put beside.
    else {
      const key = openssl(['pkcs12', '-export', '-nocerts', '-inkey', alice.files.privateKey, '-passout', 'pass:']);
      put(directory, 'alice@example.com.p12', key);
      put(directory, 'alice@example.com.crt', other.certificatePem);
    }
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault.code).toBe('key-mismatch');
    expect(fault.message).toContain(`${directory}/alice@example.com.${as}`);
    expect(fault.message).toContain(`${directory}/alice@example.com.crt`);
  });

  it('does not read a kind of key that S/MIME has no use for', () => {
    const directory = emptyDirectory();
    const pem = readFileSync(alice.files.privateKey, 'utf8').replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY');
    put(directory, 'alice@example.com.pem', pem);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('key-file-unsupported');
  });
});

describe('several keys that may sign', () => {
  const ec = pki.issue({ address: 'alice@example.com', key: 'p-256' });
  const renewed = pki.issue({ address: 'alice@example.com', edition: 2 });
  const encryptionOnly = pki.issue({ address: 'alice@example.com', key: 'p-384', keyUsage: 'critical,keyAgreement' });

  function identityOf(...pairs: Issued[]) {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', pairs.map(({ privateKeyPem }) => privateKeyPem).join(''));
    put(directory, 'alice@example.com.crt', pairs.map(({ certificatePem }) => certificatePem).join(''), 0o644);
    return open(directory).identity('alice@example.com', now);
  }

  it('stand by the one that is the identity, in the order of the files', () => {
    const { certificate, signingPairs } = identityOf(ec, alice, renewed);
    expect(certificate).toEqual(ec.certificate);
    expect(signingPairs.map((pair) => pair.certificate)).toEqual([ec, alice, renewed].map((issued) => issued.certificate));
  });

  it('are not those that may only encrypt', () => {
    const { certificate, signingPairs } = identityOf(encryptionOnly, alice, ec);
    expect(certificate).toEqual(alice.certificate);
    expect(signingPairs.map((pair) => pair.certificate)).toEqual([alice, ec].map((issued) => issued.certificate));
  });

  it('count once, however many certificates a key has', () => {
    const directory = emptyDirectory();
    const again = openssl([
      'req',
      '-new',
      '-x509',
      '-key',
      alice.files.privateKey,
      '-subj',
      '/CN=alice',
      '-addext',
      'basicConstraints=CA:FALSE',
      '-addext',
      'subjectAltName=email:alice@example.com',
    ]).toString();
    put(directory, 'alice@example.com.pem', alice.privateKeyPem);
    put(directory, 'alice@example.com.crt', alice.certificatePem + again, 0o644);
    expect(open(directory).identity('alice@example.com', now).signingPairs).toHaveLength(1);
  });
});
