import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openPkcs12 } from '../../src/keys/pkcs12.js';
import { readBer } from '../../src/smime/cms/ber.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { algorithmIdentifier } from '../../src/smime/read/asn1.js';
import { KEY_USAGE, readCertificate } from '../../src/smime/read/certificate.js';
import { checkPath } from '../../src/smime/read/chain.js';
import { contentDecryption, decryptContent } from '../../src/smime/read/content-cipher.js';
import { x963 } from '../../src/smime/read/key-agreement.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { prepareSigner } from '../../src/smime/signer.js';
import { vector, vectorCertificate, vectorKey } from '../vectors/vectors.js';
import { octets, oid, seq } from './read/der-kit.js';
import { encrypt, signDetached, signOpaque } from './writing-kit.js';

/** Within the validity of all of them, whenever this is run. */
const NOW = new Date('2026-01-01T00:00:00Z');
const SIGNING = { digest: 'sha256', scheme: 'auto', signingTime: NOW } as const;
const ENTITY = Buffer.from('Content-Type: text/plain\r\n\r\nThis is some sample content.\r\n');

interface Reader {
  readonly anchor: string;
  readonly certificate?: string;
  readonly key?: string;
}

function open(message: Buffer, { anchor, certificate, key }: Reader): Opened {
  const decryption =
    certificate === undefined || key === undefined ? [] : [{ certificate: vectorCertificate(certificate), privateKey: vectorKey(key) }];
  return openMessage(message, { decryption, trustAnchors: [vectorCertificate(anchor)], now: NOW });
}

function messageFrom(address: string, entity: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`From: ${address}\r\nMIME-Version: 1.0\r\n`), entity]);
}

describe('the certificates of RFC 9216', () => {
  const path = (leaf: string, anchor: string, ...candidates: string[]) =>
    checkPath(readCertificate(vectorCertificate(leaf)), {
      anchors: [readCertificate(vectorCertificate(anchor))],
      candidates: candidates.map((name) => readCertificate(vectorCertificate(name))),
      at: NOW,
      budget: { verificationsLeft: 100 },
    });

  it.each([
    ['alice.verify', 'ca.rsa'],
    ['carlos.verify', 'ca.25519'],
  ])('%s is trusted by way of its own CA', (leaf, anchor) => {
    expect(path(leaf, anchor)).toEqual({ trusted: true, weak: [] });
  });

  it.each([
    ['alice.verify', 'ca.25519', 'ca.rsa.cross'],
    ['carlos.verify', 'ca.rsa', 'ca.25519.cross'],
  ])('%s is trusted by way of the other CA if its cross-signed certificate is there (§2.5)', (leaf, anchor, cross) => {
    expect(path(leaf, anchor, cross)).toEqual({ trusted: true, weak: [] });
    expect(path(leaf, anchor).trusted).toBe(false);
  });

  it('say what they are for', () => {
    const alice = readCertificate(vectorCertificate('alice.verify'));
    expect(alice.addresses).toEqual(['alice@smime.example']);
    expect(alice.keyUsage).toBe(KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation);
    expect(readCertificate(vectorCertificate('dana.encrypt')).keyUsage).toBe(KEY_USAGE.keyAgreement);
    expect(readCertificate(vectorCertificate('ca.25519.cross')).isCa).toBe(true);
    expect(path('alice.encrypt', 'ca.rsa')).toMatchObject({ trusted: false, reason: expect.stringContaining('keyUsage') });
  });

  it.each([
    ['alice', 'alice@smime.example', 'ca.rsa', 'rsa-pkcs1'],
    ['carlos', 'carlos@smime.example', 'ca.25519', 'ed25519'],
  ])('sign and verify: %s', (name, address, anchor, algorithm) => {
    const signer = prepareSigner({ certificate: vectorCertificate(`${name}.verify`), chain: [], privateKey: vectorKey(`${name}.sign`) });
    for (const sign of [signOpaque, signDetached]) {
      const opened = open(messageFrom(address, sign(ENTITY, [signer], SIGNING).entity), { anchor });
      expect(opened).toMatchObject({ ok: true, entity: ENTITY });
      expect(opened.layers[0]?.algorithms).toContain(algorithm);
    }
  });

  it.each([
    ['alice', 'rsa-pkcs1'],
    ['carlos', 'ecdh-hkdf-sha256kdf aes-256-wrap'],
    ['dana', 'ecdh-hkdf-sha256kdf aes-256-wrap'],
  ])('are encrypted to and decrypt: %s', (name, management) => {
    const recipient = prepareRecipient(vectorCertificate(`${name}.encrypt`));
    const message = messageFrom('alice@smime.example', encrypt(ENTITY, [recipient], { content: 'aes-256-gcm', keyTransport: 'rsa-pkcs1' }));
    const opened = open(message, { anchor: 'ca.rsa', certificate: `${name}.encrypt`, key: `${name}.decrypt` });
    expect(opened).toMatchObject({ ok: true, entity: ENTITY, layers: [{ algorithms: ['aes-256-gcm', management] }] });
  });

  it("Carlos's PKCS#12 object holds his keys and certificates (§7.5)", () => {
    const base64 = vector('rfc9216/carlos.p12.pem')
      .toString()
      .replace(/-----.*-----/g, '');
    const { privateKeys, certificates } = openPkcs12(Buffer.from(base64, 'base64'), 'carlos');
    const scalars = privateKeys.map((key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }).d);
    expect(scalars.toSorted()).toEqual(
      ['carlos.decrypt', 'carlos.sign'].map((name) => vectorKey(name).export({ format: 'jwk' }).d).toSorted(),
    );
    expect(certificates.map((der) => der.toString('hex')).toSorted()).toEqual(
      ['ca.25519.cross', 'carlos.encrypt', 'carlos.verify'].map((name) => vectorCertificate(name).toString('hex')).toSorted(),
    );
  });
});

describe('the sample messages of RFC 9788', () => {
  const withCrlf = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(/\n/g, '\r\n'), 'latin1');
  const reader = { anchor: 'ca.rsa', certificate: 'alice.encrypt', key: 'alice.decrypt' };

  it.each([
    ['as transported', withCrlf],
    ['as kept in a mail store with bare LF', (bytes: Buffer) => bytes],
  ])('signed, multipart/signed over a complex message (C.1.7), %s', (_name, form) => {
    const opened = open(form(vector('rfc9788/smime-multipart-complex.eml')), reader);
    expect(opened.layers).toMatchObject([{ kind: 'signed', form: 'detached', verdict: 'valid', algorithms: ['sha256', 'rsa-pkcs1'] }]);
    expect(opened.layers[0]?.signers[0]?.signingTime).toEqual(new Date('2021-02-20T17:02:02Z'));
    expect(opened.ok).toBe(true);
    expect(opened.entity.toString()).toContain('boundary="757"\r\n\r\n--757\r\n');
  });

  it('signed and then encrypted (C.1.4)', () => {
    const opened = open(withCrlf(vector('rfc9788/smime-signed-enc.eml')), reader);
    expect(opened.layers).toMatchObject([
      { kind: 'encrypted', form: 'enveloped', verdict: 'valid', algorithms: ['aes-128-cbc', 'rsa-pkcs1'] },
      { kind: 'signed', form: 'opaque', verdict: 'valid', algorithms: ['sha256', 'rsa-pkcs1'] },
    ]);
    expect(opened.layers[0]?.recipients).toHaveLength(2);
    // C.1.4.2
    const text = [
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset="utf-8"',
      'Content-Transfer-Encoding: 7bit',
      '',
      'This is the',
      'smime-signed-enc',
      'message.',
      '',
      'This is a signed-and-encrypted S/MIME message using PKCS#7',
      'envelopedData around signedData.  The payload is a text/plain',
      'message. It uses no Header Protection.',
      '',
      '-- ',
      'Alice',
      'alice@smime.example',
      '',
    ];
    expect(opened.entity.toString()).toBe(text.join('\r\n'));
  });

  it('do not verify once a word is another', () => {
    const altered = vector('rfc9788/smime-multipart-complex.eml').toString('latin1').replace('inline image/png', 'inline image/gif');
    expect(open(Buffer.from(altered, 'latin1'), reader)).toMatchObject({ ok: false, layers: [{ verdict: 'invalid' }] });
  });

  it('are not trusted by who trusts another CA', () => {
    expect(open(vector('rfc9788/smime-multipart-complex.eml'), { anchor: 'ca.25519' })).toMatchObject({
      ok: false,
      layers: [{ verdict: 'untrusted' }],
    });
  });
});

describe('the certificate of RFC 8410, §10.2', () => {
  const der = Buffer.from(
    'MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZXN0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD' +
      'DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJjga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg' +
      'BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg' +
      'w1AH9efZBw==',
    'base64',
  );

  it('is read, verified with the key of §10.1, and encrypted to', () => {
    // Its BOOLEANs that are FALSE are written out, which DER does not allow.
    expect(readCertificate(der)).toMatchObject({
      isCa: false,
      keyUsage: KEY_USAGE.keyAgreement,
      keyAlgorithm: '1.3.101.110',
      unknownCritical: [],
    });
    const issuer = createPublicKey({
      key: Buffer.from('MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=', 'base64'),
      format: 'der',
      type: 'spki',
    });
    expect(new X509Certificate(der).verify(issuer)).toBe(true);
    expect(prepareRecipient(der).key).toMatchObject({ kind: 'agreement', group: 'x25519' });
  });
});

describe('the key derivation of X9.63', () => {
  /** NIST CAVP, 800-135 component testing, ansx963_2001.rsp, SHA-256, shared secret of 192 bits. */
  it.each([
    ['96c05619d56c328ab95fe84b18264b08725b85e33fd34f08', '', '443024c3dae66b95e6f5670601558f71'],
    ['96f600b73ad6ac5629577eced51743dd2c24c21b1ac83ee4', '', 'b6295162a7804f5667ba9070f82fa522'],
    [
      '22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d',
      '75eef81aa3041e33b80971203d2c0c52',
      'c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e52a13d9c7c6fc878c50c5ea0bc7b00e0da2447cfd874f6cf92f30d0097111485' +
        '500c90c3af8b487872d04685d14c8d1dc8d7fa08beb0ce0ababc11f0bd496269142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21',
    ],
  ])('gives what NIST has for %s', (secret, info, key) => {
    expect(x963(Buffer.from(secret, 'hex'), Buffer.from(info, 'hex'), key.length / 2, 'sha256').toString('hex')).toBe(key);
  });
});

describe('ChaCha20-Poly1305', () => {
  it('decrypts the example of RFC 8439, §2.8.2', () => {
    const hex = (text: string) => Buffer.from(text, 'hex');
    const parameters = octets(hex('070000004041424344454647'));
    const decryption = contentDecryption(algorithmIdentifier(readBer(seq(oid('1.2.840.113549.1.9.16.3.18'), parameters))));
    if (decryption === undefined) throw new Error('unknown cipher');
    const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
    const ciphertext = hex(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
        '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116',
    );
    const authentication = { tag: hex('1ae10b594f09e26a7e902ecbd0600691'), additionalData: hex('50515253c0c1c2c3c4c5c6c7') };
    expect(decryptContent(decryption, key, ciphertext, authentication)?.toString()).toBe(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
  });
});
