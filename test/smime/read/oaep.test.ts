import { constants, createHash, publicEncrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readBer } from '../../../src/smime/cms/ber.js';
import { algorithmIdentifier } from '../../../src/smime/read/asn1.js';
import { oaepParameters, unwrapOaep } from '../../../src/smime/read/oaep.js';
import { freshKeys } from '../../kit/fresh-keys.js';
import { ctx, octets, oid, seq } from './der-kit.js';

const { privateKey, publicKey } = freshKeys({ rsa: 2048 });
const KEY = randomBytes(32);
const SHA256 = seq(oid('2.16.840.1.101.3.4.2.1'));
const OAEP = oid('1.2.840.113549.1.1.7');
const MGF1 = oid('1.2.840.113549.1.1.8');

describe('oaepParameters', () => {
  const read = (...parameters: Buffer[]) => oaepParameters(algorithmIdentifier(readBer(seq(OAEP, ...parameters))));

  it('takes SHA-1 for everything that is left out', () => {
    expect(read(seq())).toEqual({ digest: 'sha1', maskDigest: 'sha1', label: Buffer.alloc(0) });
    expect(read()).toEqual({ digest: 'sha1', maskDigest: 'sha1', label: Buffer.alloc(0) });
  });

  it('reads both digests and the label', () => {
    const label = ctx(2, seq(oid('1.2.840.113549.1.1.9'), octets('label')));
    expect(read(seq(ctx(0, SHA256), ctx(1, seq(MGF1, SHA256)), label))).toEqual({
      digest: 'sha256',
      maskDigest: 'sha256',
      label: Buffer.from('label'),
    });
  });

  it('does not know a mask generation function other than MGF1', () => {
    expect(read(seq(ctx(1, seq(oid('1.2.3.4'), SHA256))))).toBeUndefined();
  });
});

describe('unwrapOaep', () => {
  it.each(['sha1', 'sha256', 'sha384'])('recovers a key wrapped with %s throughout', (digest) => {
    const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: digest }, KEY);
    expect(unwrapOaep(ciphertext, privateKey, { digest, maskDigest: digest, label: Buffer.alloc(0) })).toEqual(KEY);
  });

  it('recovers a key hashed with SHA-256 and masked with SHA-1, as Java does by default', () => {
    const ciphertext = encryptMixed(KEY, 'sha256', 'sha1', Buffer.from('label'));
    expect(unwrapOaep(ciphertext, privateKey, { digest: 'sha256', maskDigest: 'sha1', label: Buffer.from('label') })).toEqual(KEY);
  });

  it('gives nothing for a wrong label, a wrong digest or altered octets', () => {
    const ciphertext = encryptMixed(KEY, 'sha256', 'sha1', Buffer.from('label'));
    const altered = Buffer.from(ciphertext);
    altered[100] = (altered[100] ?? 0) ^ 1;
    expect(unwrapOaep(ciphertext, privateKey, { digest: 'sha256', maskDigest: 'sha1', label: Buffer.from('other') })).toBeUndefined();
    expect(unwrapOaep(ciphertext, privateKey, { digest: 'sha256', maskDigest: 'sha256', label: Buffer.from('label') })).toBeUndefined();
    expect(unwrapOaep(altered, privateKey, { digest: 'sha256', maskDigest: 'sha1', label: Buffer.from('label') })).toBeUndefined();
  });

  it('gives nothing for octets other than zero before the separator', () => {
    const parameters = { digest: 'sha256', maskDigest: 'sha1', label: Buffer.alloc(0) };
    // The "separator" 2 is not one; the 1 after it is.
    const ciphertext = encryptMixed(Buffer.concat([Buffer.of(1), KEY]), 'sha256', 'sha1', Buffer.alloc(0), 2);
    expect(unwrapOaep(ciphertext, privateKey, parameters)).toBeUndefined();
  });

  it('gives nothing for a block without separator', () => {
    const ciphertext = encryptMixed(Buffer.alloc(0), 'sha256', 'sha1', Buffer.alloc(0), 0);
    expect(unwrapOaep(ciphertext, privateKey, { digest: 'sha256', maskDigest: 'sha1', label: Buffer.alloc(0) })).toBeUndefined();
  });
});

/** RFC 8017 §7.1.1 by the book; `separator` is 1 in a sound block. */
function encryptMixed(message: Buffer, digest: string, maskDigest: string, label: Buffer, separator = 1): Buffer {
  const labelHash = createHash(digest).update(label).digest();
  const data = Buffer.alloc(256 - labelHash.length - 1);
  labelHash.copy(data);
  data[data.length - message.length - 1] = separator;
  message.copy(data, data.length - message.length);
  const seed = randomBytes(labelHash.length);
  const mask = (bytes: Buffer, by: Buffer) => {
    const stream = Buffer.concat(
      Array.from({ length: 20 }, (_, index) =>
        createHash(maskDigest)
          .update(by)
          .update(Buffer.of(0, 0, 0, index))
          .digest(),
      ),
    );
    return bytes.map((value, index) => value ^ (stream[index] ?? 0));
  };
  const maskedData = Buffer.from(mask(data, seed));
  const block = Buffer.concat([Buffer.of(0), mask(seed, maskedData), maskedData]);
  return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
}
