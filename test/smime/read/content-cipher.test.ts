import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BerError, readBer } from '../../../src/smime/cms/ber.js';
import { algorithmIdentifier } from '../../../src/smime/read/asn1.js';
import { type ContentDecryption, contentDecryption, decryptContent } from '../../../src/smime/read/content-cipher.js';
import { int, octets, oid, seq } from './der-kit.js';

const AES256_CBC = '2.16.840.1.101.3.4.1.42';
const AES128_GCM = '2.16.840.1.101.3.4.1.6';
const CHACHA20 = '1.2.840.113549.1.9.16.3.18';
const NO_DATA = Buffer.alloc(0);

function decryption(type: string, parameters: Buffer): ContentDecryption {
  const found = contentDecryption(algorithmIdentifier(readBer(seq(oid(type), parameters))));
  if (found === undefined) throw new Error(`unknown cipher ${type}`);
  return found;
}

describe('decryptContent with CBC', () => {
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  const cbc = decryption(AES256_CBC, octets(iv));
  const encryptBlocks = (padded: Buffer) => createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false).update(padded);

  it.each([0, 1, 15, 16, 17, 1000])('takes the padding off %i octets', (length) => {
    const content = randomBytes(length);
    const padBytes = 16 - (length % 16);
    expect(decryptContent(cbc, key, encryptBlocks(Buffer.concat([content, Buffer.alloc(padBytes, padBytes)])))).toEqual(content);
  });

  it.each([
    ['of zero', Buffer.alloc(16)],
    ['longer than a block', Buffer.alloc(16, 17)],
    ['with one octet wrong', Buffer.concat([Buffer.alloc(12), Buffer.of(4, 5, 4, 4)])],
    ['with its first octet wrong', Buffer.concat([Buffer.of(15), Buffer.alloc(15, 16)])],
  ])('gives nothing for a padding %s', (_name, block) => {
    expect(decryptContent(cbc, key, encryptBlocks(Buffer.concat([randomBytes(16), block])))).toBeUndefined();
  });

  it('gives nothing for an empty or ragged ciphertext, or a key of another length', () => {
    expect(decryptContent(cbc, key, NO_DATA)).toBeUndefined();
    expect(decryptContent(cbc, key, Buffer.alloc(17))).toBeUndefined();
    expect(decryptContent(cbc, key.subarray(0, 16), Buffer.alloc(16))).toBeUndefined();
  });
});

describe('decryptContent with authenticating ciphers', () => {
  const nonce = randomBytes(12);
  const content = Buffer.from('the content');
  const additionalData = Buffer.from('attributes');

  function encryptGcm(key: Buffer, tagBytes: number) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(additionalData);
    const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
    return { ciphertext, tag: cipher.getAuthTag() };
  }

  it('takes a GCM tag for 12 octets long when its length is not given (RFC 5084 §3.2)', () => {
    const key = randomBytes(16);
    const { ciphertext, tag } = encryptGcm(key, 12);
    expect(decryptContent(decryption(AES128_GCM, seq(octets(nonce))), key, ciphertext, { tag, additionalData })).toEqual(content);
  });

  it('authenticates the attributes with the content', () => {
    const key = randomBytes(16);
    const { ciphertext, tag } = encryptGcm(key, 16);
    const gcm = decryption(AES128_GCM, seq(octets(nonce), int(16)));
    expect(decryptContent(gcm, key, ciphertext, { tag, additionalData })).toEqual(content);
    expect(decryptContent(gcm, key, ciphertext, { tag, additionalData: NO_DATA })).toBeUndefined();
  });

  it('gives nothing for a tag of another length than the parameters say, or none', () => {
    const key = randomBytes(16);
    const { ciphertext, tag } = encryptGcm(key, 16);
    const gcm = decryption(AES128_GCM, seq(octets(nonce), int(16)));
    expect(decryptContent(gcm, key, ciphertext, { tag: tag.subarray(0, 12), additionalData })).toBeUndefined();
    expect(decryptContent(gcm, key, ciphertext)).toBeUndefined();
  });

  it('decrypts ChaCha20-Poly1305 (RFC 8103)', () => {
    const key = randomBytes(32);
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    cipher.setAAD(additionalData, { plaintextLength: content.length });
    const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
    const chacha = decryption(CHACHA20, octets(nonce));
    const tag = cipher.getAuthTag();
    expect(decryptContent(chacha, key, ciphertext, { tag, additionalData })).toEqual(content);
    tag[0] = (tag[0] ?? 0) ^ 1;
    expect(decryptContent(chacha, key, ciphertext, { tag, additionalData })).toBeUndefined();
  });
});

describe('contentDecryption', () => {
  it.each([
    ['an IV of the wrong length', AES256_CBC, octets(Buffer.alloc(15))],
    ['a GCM tag of less than 12 octets', AES128_GCM, seq(octets(Buffer.alloc(12)), int(8))],
    ['an empty nonce', AES128_GCM, seq(octets(''), int(16))],
    ['a ChaCha20 nonce of the wrong length', CHACHA20, octets(Buffer.alloc(8))],
  ])('refuses %s', (_name, type, parameters) => {
    expect(() => decryption(type, parameters)).toThrow(BerError);
  });

  it('does not know RC2', () => {
    expect(contentDecryption(algorithmIdentifier(readBer(seq(oid('1.2.840.113549.3.2'), octets('')))))).toBeUndefined();
  });
});
