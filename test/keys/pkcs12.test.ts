import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import { UnsupportedEncryption, WrongPassphrase } from '../../src/keys/password-based.js';
import { openPkcs12 } from '../../src/keys/pkcs12.js';
import { childrenOf, contentOf, readBer } from '../../src/smime/cms/ber.js';
import { element, explicit, integer, octetString, oid, sequence } from '../../src/smime/cms/der.js';
import { openssl } from '../kit/openssl-cli.js';
import { testPki } from '../kit/pki.js';

const alice = testPki().issue({ address: 'alice@example.com' });
const LEGACY = ['-provider', 'legacy', '-provider', 'default'];

function exported(...options: string[]): Buffer {
  return openssl([
    'pkcs12',
    '-export',
    '-inkey',
    alice.files.privateKey,
    '-in',
    alice.files.certificate,
    '-passout',
    'pass:secret',
    ...options,
  ]);
}

function expectAlice(bytes: Buffer, passphrase = 'secret'): void {
  const { privateKeys, certificates } = openPkcs12(bytes, passphrase);
  expect(privateKeys).toHaveLength(1);
  expect(certificates.map((der) => der.equals(alice.certificate))).toEqual([true]);
}

describe('a PKCS#12 file', () => {
  it.each([
    ['AES-256 and SHA-256', []],
    ['AES-128 with PBKDF2', ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-128-CBC']],
    ['SHA-1 as pseudo-random function', ['-certpbe', 'AES-256-CBC', '-macalg', 'sha1']],
    ['a SHA-512 MAC', ['-macalg', 'sha512']],
    ['3DES', ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['RC2 with 40 bits', ['-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES', ...LEGACY]],
    ['RC2 with 128 bits', ['-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128', ...LEGACY]],
    ['no encryption under a MAC', ['-certpbe', 'NONE', '-keypbe', 'NONE']],
    ['100,000 iterations', ['-iter', '100000']],
  ])('with %s is opened', (_, options) => {
    expectAlice(exported(...options));
  });

  it('without a MAC is opened', () => {
    expectAlice(withoutMac(exported()));
  });

  it('as node-forge writes it is opened, and its certificate is not rebuilt', () => {
    const certificate = forge.pki.certificateFromPem(alice.certificatePem);
    const pfx = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(alice.privateKeyPem), certificate, 'secret', { algorithm: '3des' });
    expectAlice(Buffer.from(forge.asn1.toDer(pfx).getBytes(), 'latin1'));
  });

  it('whose MAC is a PBMAC1 (RFC 9579) is opened', () => {
    expectAlice(withPbmac1('secret'));
    expect(() => openPkcs12(withPbmac1('other'), 'secret')).toThrow(WrongPassphrase);
  });

  it('with the passphrase of no bytes at all is opened by the empty one', () => {
    expectAlice(withNullPassphrase(), '');
  });

  it.each([[[]], [['-legacy']]])('does not open with a wrong passphrase (%s)', (options) => {
    expect(() => openPkcs12(exported(...options), 'Secret')).toThrow(WrongPassphrase);
    expect(() => openPkcs12(exported(...options), '')).toThrow(WrongPassphrase);
  });

  it('without a MAC is not taken for damaged when a wrong passphrase decrypts to good padding, as one in 256 does', () => {
    const bytes = withoutMac(exported('-iter', '1'));
    for (let n = 0; n < 2000; n += 1) expect(() => openPkcs12(bytes, `wrong ${n}`)).toThrow(WrongPassphrase);
  });

  it('whose content was changed does not open', () => {
    const bytes = exported('-certpbe', 'NONE', '-keypbe', 'NONE');
    const at = bytes.indexOf(alice.certificate.subarray(0, 40)) + 200;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(() => openPkcs12(bytes, 'secret')).toThrow(WrongPassphrase);
  });

  it('with an algorithm that is not known says which', () => {
    const bytes = exported('-certpbe', 'PBE-SHA1-RC4-128', ...LEGACY);
    expect(() => openPkcs12(bytes, 'secret')).toThrow(UnsupportedEncryption);
    expect(() => openPkcs12(bytes, 'secret')).toThrow('1.2.840.113549.1.12.1.1');
  });
});

/** The file less its MacData; `openssl pkcs12 -nomac` leaves out the encryption of the certificates instead. */
function withoutMac(bytes: Buffer): Buffer {
  return pfx(authenticatedSafeOf(bytes));
}

function authenticatedSafeOf(bytes: Buffer): Buffer {
  const authSafe = childrenOf(readBer(bytes))[1];
  const [octets] = authSafe === undefined ? [] : childrenOf(childrenOf(authSafe)[1] ?? authSafe);
  if (octets === undefined) throw new Error('not a PFX');
  return contentOf(octets);
}

function pfx(safe: Buffer, ...macData: Buffer[]): Buffer {
  return sequence(integer(3), sequence(oid('1.2.840.113549.1.7.1'), explicit(0, octetString(safe))), ...macData);
}

/** RFC 9579 §4: keyLength present, the outer salt and count not used. */
function withPbmac1(passphrase: string): Buffer {
  const safe = authenticatedSafeOf(exported());
  const salt = randomBytes(16);
  const hmacWithSha512 = sequence(oid('1.2.840.113549.2.11'));
  const derivation = sequence(oid('1.2.840.113549.1.5.12'), sequence(octetString(salt), integer(3000), integer(32), hmacWithSha512));
  const algorithm = sequence(oid('1.2.840.113549.1.5.14'), sequence(derivation, hmacWithSha512));
  const mac = createHmac('sha512', pbkdf2Sync(passphrase, salt, 3000, 32, 'sha512'))
    .update(safe)
    .digest();
  return pfx(safe, sequence(sequence(algorithm, octetString(mac)), octetString(Buffer.alloc(8)), integer(1)));
}

/** Nothing is encrypted, so that only the MAC depends on the passphrase. */
function withNullPassphrase(): Buffer {
  const bag = (type: string, value: Buffer): Buffer => sequence(oid(type), explicit(0, value));
  const der = openssl(['pkcs8', '-topk8', '-nocrypt', '-in', alice.files.privateKey, '-outform', 'DER']);
  const certBag = sequence(oid('1.2.840.113549.1.9.22.1'), explicit(0, octetString(alice.certificate)));
  const contents = sequence(bag('1.2.840.113549.1.12.10.1.1', der), bag('1.2.840.113549.1.12.10.1.3', certBag));
  const safe = sequence(sequence(oid('1.2.840.113549.1.7.1'), explicit(0, octetString(contents))));
  const salt = randomBytes(8);
  const key = forge.pkcs12.generateKey(null, forge.util.createBuffer(salt.toString('latin1')), 3, 1000, 20).getBytes();
  const mac = createHmac('sha1', Buffer.from(key, 'latin1')).update(safe).digest();
  const sha1 = sequence(oid('1.3.14.3.2.26'), element(0x05));
  return pfx(safe, sequence(sequence(sha1, octetString(mac)), octetString(salt), integer(1000)));
}
