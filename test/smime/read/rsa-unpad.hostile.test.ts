import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unwrapRsaPkcs1 } from '../../../src/smime/read/rsa-unpad.js';
import { freshKeys } from '../../kit/fresh-keys.js';

const { privateKey, publicKey } = freshKeys({ rsa: 2048 });
const MODULUS_BYTES = 256;
const KEY = randomBytes(32);

/** Encrypts a block that is exactly these octets. */
function raw(block: Buffer): Buffer {
  return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
}

/** A well-formed block around `key`, which `spoil` may then spoil. */
function block(key: Buffer, spoil: (block: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(MODULUS_BYTES, 0xaa);
  bytes[0] = 0;
  bytes[1] = 2;
  bytes[MODULUS_BYTES - key.length - 1] = 0;
  key.copy(bytes, MODULUS_BYTES - key.length);
  spoil(bytes);
  return bytes;
}

describe('unwrapRsaPkcs1', () => {
  it('recovers the key OpenSSL wrapped', () => {
    const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, KEY);
    expect(unwrapRsaPkcs1(ciphertext, privateKey, 32)).toEqual(KEY);
  });

  it.each([16, 24, 32])('recovers a key of %i octets from a block made by hand', (keyBytes) => {
    const key = randomBytes(keyBytes);
    expect(unwrapRsaPkcs1(raw(block(key)), privateKey, keyBytes)).toEqual(key);
  });

  it('recovers a key that contains zeros', () => {
    const key = Buffer.alloc(32);
    expect(unwrapRsaPkcs1(raw(block(key)), privateKey, 32)).toEqual(key);
  });
});

describe('unwrapRsaPkcs1, given a bad padding', () => {
  const separator = MODULUS_BYTES - 32 - 1;
  const faults: [string, Buffer][] = [
    ['block type 1', raw(block(KEY, (bytes) => bytes.fill(1, 1, 2)))],
    ['block type 0', raw(block(KEY, (bytes) => bytes.fill(0, 1, 2)))],
    ['a first octet that is not zero', raw(block(KEY, (bytes) => bytes.fill(1, 0, 1)))],
    ['no zero before the key', raw(block(KEY, (bytes) => bytes.fill(0xaa, separator, separator + 1)))],
    ['no zero anywhere', raw(block(Buffer.alloc(32, 0x55), (bytes) => bytes.fill(0xaa, separator, separator + 1)))],
    ['a zero among the padding', raw(block(KEY, (bytes) => bytes.fill(0, 100, 101)))],
    ['a zero as the first padding octet', raw(block(KEY, (bytes) => bytes.fill(0, 2, 3)))],
    ['a padding of seven octets', raw(block(randomBytes(MODULUS_BYTES - 10).fill(0xbb)))],
    ['a key that is an octet too long', raw(block(randomBytes(33).fill(0xbb)))],
    ['a key that is an octet too short', raw(block(randomBytes(31)))],
    ['a key of no octets', raw(block(Buffer.alloc(0)))],
    ['an empty ciphertext', Buffer.alloc(0)],
    ['a ciphertext that is an octet too short', randomBytes(MODULUS_BYTES - 1)],
    ['a ciphertext that is an octet too long', Buffer.concat([Buffer.of(0), raw(block(KEY))])],
    ['a ciphertext above the modulus', Buffer.alloc(MODULUS_BYTES, 0xff)],
    ['a ciphertext of zero', Buffer.alloc(MODULUS_BYTES)],
    ['a random ciphertext', Buffer.concat([Buffer.of(0), randomBytes(MODULUS_BYTES - 1)])],
  ];

  it.each(faults)('gives 32 octets that are not the key for %s', (_name, ciphertext) => {
    const key = unwrapRsaPkcs1(ciphertext, privateKey, 32);
    expect(key).toHaveLength(32);
    expect(key.equals(KEY)).toBe(false);
    expect(new Set(key).size).toBeGreaterThan(10);
  });

  it.each(faults)('gives the same octets again for %s', (_name, ciphertext) => {
    expect(unwrapRsaPkcs1(ciphertext, privateKey, 32)).toEqual(unwrapRsaPkcs1(ciphertext, privateKey, 32));
  });

  it('gives other octets for every ciphertext', () => {
    const keys = faults.map(([, ciphertext]) => unwrapRsaPkcs1(ciphertext, privateKey, 32).toString('hex'));
    expect(new Set(keys).size).toBe(faults.length - 1);
    // The empty ciphertext and zero are the same number, padded to the modulus.
    expect(keys[11]).toBe(keys[15]);
  });

  it('gives octets that only the holder of the private key can tell', () => {
    const other = freshKeys({ rsa: 2048 }).privateKey;
    const ciphertext = Buffer.alloc(MODULUS_BYTES - 1, 7);
    expect(unwrapRsaPkcs1(ciphertext, privateKey, 32)).not.toEqual(unwrapRsaPkcs1(ciphertext, other, 32));
  });

  it('gives a key of the length asked for even when the modulus has no room for it', () => {
    const small = freshKeys({ rsa: 512 }).privateKey;
    expect(unwrapRsaPkcs1(Buffer.alloc(64, 1), small, 60)).toHaveLength(60);
  });
});
