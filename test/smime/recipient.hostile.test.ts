import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import { SealdropError } from '../../src/errors.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { prepareSigner } from '../../src/smime/signer.js';
import { issue, refusal, selfSigned, signerOf } from './writing-kit.js';

const rsa = issue('rsa-2048', 'bob@example.net').certificate;
const p256 = issue('p-256', 'bob@example.net').certificate;
const x25519 = issue('x25519', 'bob@example.net').certificate;

/** Prepares, or throws the one permitted error; anything else escapes and fails the test. */
function survives(der: Buffer): boolean {
  try {
    prepareRecipient(der);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    expect(error).toMatchObject({ code: 'unusable-certificate', disposition: 'quarantine' });
  }
  return true;
}

describe('prepareRecipient, given what is no certificate', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('not a certificate')],
    ['PEM, which its contract excludes', Buffer.from(issue('p-256').certificatePem)],
    ['a private key', Buffer.from(issue('p-256').privateKeyPem.replace(/-.*-|\s/g, ''), 'base64')],
    ['a public key', createPublicKey(issue('p-256').certificatePem).export({ format: 'der', type: 'spki' })],
    ['zeros', Buffer.alloc(10_000)],
    ['an element said to be 4 GB long', Buffer.from('3084ffffffff3084fffffff0', 'hex')],
    ['a length of 127 octets', Buffer.concat([Buffer.of(0x30, 0xff), Buffer.alloc(127, 0xff)])],
    ['an indefinite length', Buffer.concat([Buffer.of(0x30, 0x80), rsa.subarray(4), Buffer.of(0, 0)])],
    ['ten thousand nested SEQUENCEs', Buffer.alloc(20_000, Buffer.of(0x30, 0x80))],
  ])('refuses %s', (_what, bytes) => {
    const error = refusal(() => prepareRecipient(bytes));
    expect(error).toMatchObject({ code: 'unusable-certificate', disposition: 'quarantine' });
    expect(error.message).toMatch(/cannot be read/);
  });

  it('refuses a certificate cut off anywhere', () => {
    for (let length = 0; length < p256.length; length += 1) {
      expect(refusal(() => prepareRecipient(p256.subarray(0, length))).code).toBe('unusable-certificate');
    }
  });

  it('refuses a certificate with anything after it', () => {
    expect(refusal(() => prepareRecipient(Buffer.concat([rsa, Buffer.of(0)]))).message).toMatch(/after the certificate/);
  });

  it('survives any octet of a certificate being another', () => {
    for (const der of [rsa, p256, x25519]) {
      for (let index = 0; index < der.length; index += 1) {
        const altered = Buffer.from(der);
        altered.writeUInt8(der.readUInt8(index) ^ (1 << (index % 8)), index);
        survives(altered);
      }
    }
  });

  it('survives random octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (octets) => survives(Buffer.from(octets))));
  });

  it('survives a certificate with octets removed or repeated', () => {
    const cut = fc.tuple(fc.nat(p256.length), fc.nat(p256.length));
    fc.assert(
      fc.property(cut, ([from, to]) => survives(Buffer.concat([p256.subarray(0, from), p256.subarray(to)]))),
      { numRuns: 300 },
    );
  });
});

describe('prepareRecipient, given a key that gives the content key away', () => {
  it('refuses the RSA exponent 1', () => {
    const pair = forge.pki.rsa.generateKeyPair({ bits: 2048, workers: -1 });
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = forge.pki.setRsaPublicKey(pair.publicKey.n, new forge.jsbn.BigInteger('1'));
    certificate.serialNumber = '01';
    certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
    certificate.sign(pair.privateKey, forge.md.sha256.create());
    const der = Buffer.from(forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes(), 'latin1');
    expect(refusal(() => prepareRecipient(der)).message).toMatch(/exponent is 1$/);
  });

  it.each([0, 1])('refuses the X25519 point %i, with which every shared secret is zero', (first) => {
    const marker = Buffer.from('06032b656e032100', 'hex');
    const altered = Buffer.from(x25519);
    const start = altered.indexOf(marker) + marker.length;
    altered.fill(0, start, start + 32);
    altered[start] = first;
    const error = refusal(() => prepareRecipient(altered));
    expect(error.code).toBe('unusable-certificate');
    expect(error.message).toMatch(/nothing can be encrypted with its key/);
  });

  it('refuses a point that is not on the curve', () => {
    const marker = Buffer.from('034200', 'hex');
    const altered = Buffer.from(p256);
    const start = altered.indexOf(marker) + marker.length;
    altered.writeUInt8(altered.readUInt8(start + 64) ^ 1, start + 64);
    expect(refusal(() => prepareRecipient(altered)).message).toMatch(/public key cannot be read/);
  });
});

describe('the subject in an error', () => {
  it('is one line without control characters, whatever the certificate says', () => {
    const { certificate } = selfSigned(['-algorithm', 'ED25519'], '/CN=Bob XXXXXXXXXXXXXX end');
    const hostile = Buffer.from(certificate.toString('latin1').replaceAll('XXXXXXXXXXXXXX', '\r\n\u001b[2J\u0000FORGED:'), 'latin1');
    const error = refusal(() => prepareRecipient(hostile));
    expect(error.message).toMatch(/^[ -~…]+$/);
    expect(error.message).toContain('FORGED');
  });

  it('is cut to a readable length', () => {
    const long = ['O', 'OU', 'CN', 'L'].map((type) => `/${type}=${type.repeat(60).slice(0, 60)}`).join('');
    const { certificate } = selfSigned(['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], long);
    expect(prepareRecipient(certificate).subject).toHaveLength(200);
  });
});

describe('prepareSigner, given what is no certificate', () => {
  it.each(['certificate', 'encryptionCertificate'] as const)('refuses a broken %s', (which) => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('junk'), p256.subarray(0, 200), Buffer.concat([p256, p256])]) {
      const error = refusal(() => prepareSigner(signerOf(issue('p-256'), { [which]: bytes })));
      expect(error).toMatchObject({ code: 'unusable-identity', disposition: 'quarantine' });
    }
  });
});
