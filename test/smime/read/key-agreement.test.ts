import { createCipheriv, createHash, diffieHellman, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readBer } from '../../../src/smime/cms/ber.js';
import { algorithmIdentifier } from '../../../src/smime/read/asn1.js';
import { type KeyAgreement, keyAgreement, unwrapAgreed } from '../../../src/smime/read/key-agreement.js';
import { freshKeys } from '../../kit/fresh-keys.js';
import { ctx, octets, oid, seq } from './der-kit.js';

const CONTENT_KEY = randomBytes(32);
const AES256_WRAP = seq(oid('2.16.840.1.101.3.4.1.45'));
const AES128_WRAP = seq(oid('2.16.840.1.101.3.4.1.5'));
const HKDF_SHA256 = '1.2.840.113549.1.9.16.3.19';

function agreement(scheme: string, wrap: Buffer): KeyAgreement {
  const found = keyAgreement(algorithmIdentifier(readBer(seq(oid(scheme), wrap))));
  if (found === undefined) throw new Error(`unknown scheme ${scheme}`);
  return found;
}

/** The octets of the public key's BIT STRING. */
function publicOctets(key: KeyObject, length: number): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-length);
}

/** ECC-CMS-SharedInfo, RFC 5753 §7.2. */
function sharedInfo(wrap: Buffer, bits: number, ukm?: Buffer): Buffer {
  return seq(wrap, ...(ukm ? [ctx(0, octets(ukm))] : []), ctx(2, octets(Buffer.of(0, 0, bits >> 8, bits & 0xff))));
}

function wrapKey(cipher: string, wrappingKey: Buffer): Buffer {
  const wrap = createCipheriv(cipher, wrappingKey, Buffer.alloc(8, 0xa6));
  return Buffer.concat([wrap.update(CONTENT_KEY), wrap.final()]);
}

describe('unwrapAgreed', () => {
  const own = freshKeys('x25519');
  const ephemeral = freshKeys('x25519');
  const originatorKey = publicOctets(ephemeral.publicKey, 32);
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: own.publicKey });

  it.each([
    ['sha256', HKDF_SHA256],
    ['sha384', '1.2.840.113549.1.9.16.3.20'],
    ['sha512', '1.2.840.113549.1.9.16.3.21'],
  ])('unwraps X25519 with HKDF and %s (RFC 8418)', (digest, scheme) => {
    const wrappingKey = Buffer.from(hkdfSync(digest, secret, Buffer.alloc(0), sharedInfo(AES256_WRAP, 256), 32));
    const encryptedKey = wrapKey('id-aes256-wrap', wrappingKey);
    expect(unwrapAgreed(agreement(scheme, AES256_WRAP), own.privateKey, originatorKey, undefined, encryptedKey)).toEqual(CONTENT_KEY);
  });

  it('uses the ukm both as salt and in the shared info with HKDF (RFC 8418 §2.2)', () => {
    const ukm = randomBytes(24);
    const wrappingKey = Buffer.from(hkdfSync('sha256', secret, ukm, sharedInfo(AES256_WRAP, 256, ukm), 32));
    const encryptedKey = wrapKey('id-aes256-wrap', wrappingKey);
    const scheme = agreement(HKDF_SHA256, AES256_WRAP);
    expect(unwrapAgreed(scheme, own.privateKey, originatorKey, ukm, encryptedKey)).toEqual(CONTENT_KEY);
    expect(unwrapAgreed(scheme, own.privateKey, originatorKey, undefined, encryptedKey)).toBeUndefined();
  });

  it('unwraps X25519 with the X9.63 derivation and a wrapping key of 128 bits', () => {
    const info = sharedInfo(AES128_WRAP, 128);
    const wrappingKey = createHash('sha256')
      .update(secret)
      .update(Buffer.of(0, 0, 0, 1))
      .update(info)
      .digest()
      .subarray(0, 16);
    const encryptedKey = wrapKey('id-aes128-wrap', wrappingKey);
    expect(unwrapAgreed(agreement('1.3.132.1.11.1', AES128_WRAP), own.privateKey, originatorKey, undefined, encryptedKey)).toEqual(
      CONTENT_KEY,
    );
  });

  it('reads the cofactor schemes as the standard ones', () => {
    const recipient = freshKeys({ ec: 'P-256' });
    const sender = freshKeys({ ec: 'P-256' });
    const shared = diffieHellman({ privateKey: sender.privateKey, publicKey: recipient.publicKey });
    const derive = createHash('sha256')
      .update(shared)
      .update(Buffer.of(0, 0, 0, 1))
      .update(sharedInfo(AES256_WRAP, 256));
    const encryptedKey = wrapKey('id-aes256-wrap', derive.digest());
    const point = publicOctets(sender.publicKey, 65);
    expect(unwrapAgreed(agreement('1.3.132.1.14.1', AES256_WRAP), recipient.privateKey, point, undefined, encryptedKey)).toEqual(
      CONTENT_KEY,
    );
  });

  it('gives nothing for a zero shared secret', () => {
    const encryptedKey = wrapKey('id-aes256-wrap', randomBytes(32));
    expect(unwrapAgreed(agreement(HKDF_SHA256, AES256_WRAP), own.privateKey, Buffer.alloc(32), undefined, encryptedKey)).toBeUndefined();
  });

  it('gives nothing for a point that is not on the curve', () => {
    const recipient = freshKeys({ ec: 'P-256' });
    const point = Buffer.concat([Buffer.of(4), Buffer.alloc(63, 1), Buffer.of(2)]);
    const scheme = agreement('1.3.132.1.11.1', AES256_WRAP);
    expect(unwrapAgreed(scheme, recipient.privateKey, point, undefined, Buffer.alloc(40))).toBeUndefined();
  });

  it('gives nothing for a wrapped key that was altered', () => {
    const wrappingKey = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), sharedInfo(AES256_WRAP, 256), 32));
    const encryptedKey = wrapKey('id-aes256-wrap', wrappingKey);
    encryptedKey[3] = (encryptedKey[3] ?? 0) ^ 1;
    expect(unwrapAgreed(agreement(HKDF_SHA256, AES256_WRAP), own.privateKey, originatorKey, undefined, encryptedKey)).toBeUndefined();
  });
});

describe('keyAgreement', () => {
  it('does not know a scheme or a key wrap it has no table row for', () => {
    expect(keyAgreement(algorithmIdentifier(readBer(seq(oid('1.3.132.1.15.1'), AES256_WRAP))))).toBeUndefined();
    expect(keyAgreement(algorithmIdentifier(readBer(seq(oid('1.3.132.1.11.1'), seq(oid('1.2.3.4'))))))).toBeUndefined();
  });
});
