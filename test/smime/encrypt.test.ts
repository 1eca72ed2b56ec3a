import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  privateDecrypt,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CONTENT_CIPHERS, type ContentCipher, OID } from '../../src/smime/algorithms.js';
import type { EncryptOptions } from '../../src/smime/encrypt.js';
import type { KeyKind } from '../kit/pki.js';
import { at, type DerView, dotted, viewDer } from './der-view.js';
import {
  cmsOf,
  ENTITY,
  encrypt,
  issue,
  opensslDecrypt,
  opensslVerify,
  preparedRecipient,
  preparedSigner,
  refusal,
  SIGNING_TIME,
  signOpaque,
} from './writing-kit.js';

const OPTIONS: EncryptOptions = { content: 'aes-256-cbc', keyTransport: 'rsa-pkcs1' };
/** OpenSSL 3.0 knows no CMS with ChaCha20-Poly1305; seal-and-open.test.ts and the other programs read that. */
const CIPHERS = (Object.keys(CONTENT_CIPHERS) as ContentCipher[]).filter((cipher) => cipher !== 'chacha20-poly1305');
const BOB = 'bob@example.net';

function encryptFor(keys: readonly KeyKind[], options: Partial<EncryptOptions> = {}, entity: Buffer = ENTITY): Buffer {
  return encrypt(
    entity,
    keys.map((key) => preparedRecipient(key)),
    { ...OPTIONS, ...options },
  );
}

/** The EnvelopedData or AuthEnvelopedData SEQUENCE. */
function envelopeOf(entity: Buffer): DerView {
  return at(viewDer(cmsOf(entity)), 1, 0);
}

describe('encrypt', () => {
  const matrix = (['rsa-2048', 'rsa-4096', 'p-256', 'p-384', 'p-521'] as const).flatMap((key) =>
    CIPHERS.map((content) => [key, content] as const),
  );

  it.each(matrix)('for %s with %s is decrypted by openssl', (key, content) => {
    expect(opensslDecrypt(encryptFor([key], { content }), issue(key, BOB))).toEqual(ENTITY);
  });

  it.each(CIPHERS)('with RSAES-OAEP and %s is decrypted by openssl', (content) => {
    expect(opensslDecrypt(encryptFor(['rsa-2048'], { content, keyTransport: 'rsa-oaep' }), issue('rsa-2048', BOB))).toEqual(ENTITY);
  });

  it('makes one message that recipients of every key type read', () => {
    const sealed = encryptFor(['p-384', 'rsa-2048', 'x25519', 'p-256', 'rsa-4096', 'p-521']);
    for (const key of ['rsa-2048', 'rsa-4096', 'p-256', 'p-384', 'p-521'] as const) {
      expect(opensslDecrypt(sealed, issue(key, BOB))).toEqual(ENTITY);
    }
    expect(openForX25519(sealed)).toEqual(ENTITY);
  });

  it.each(['aes-256-cbc', 'aes-128-gcm'] as const)('keeps entities of every length around the block size with %s', (content) => {
    for (const length of [0, 1, 15, 16, 17, 31, 32]) {
      const entity = Buffer.alloc(length, 'x');
      expect(opensslDecrypt(encryptFor(['rsa-2048'], { content }, entity), issue('rsa-2048', BOB))).toEqual(entity);
    }
  });

  it.each(['aes-256-cbc', 'aes-256-gcm'] as const)('keeps large binary entities with %s', (content) => {
    const entity = Buffer.from(Array.from({ length: 2_000_003 }, (_, index) => (index * 7919) >> 8));
    expect(opensslDecrypt(encryptFor(['rsa-2048'], { content }, entity), issue('rsa-2048', BOB)).equals(entity)).toBe(true);
  });

  it('around a signed entity gives what openssl decrypts and then verifies', () => {
    const { entity } = signOpaque(ENTITY, preparedSigner(), { digest: 'sha256', scheme: 'auto', signingTime: SIGNING_TIME });
    const opened = opensslDecrypt(encryptFor(['p-256'], {}, entity), issue('p-256', BOB));
    expect(opened).toEqual(entity);
    expect(opensslVerify(opened)).toEqual(ENTITY);
  });

  it('uses a new content key, IV and nonce each time', () => {
    for (const content of CIPHERS) {
      const [first, second] = [1, 2].map(() => envelopeOf(encryptFor(['rsa-2048'], { content })));
      expect(first && at(first, 2, 1).encoded).not.toEqual(second && at(second, 2, 1).encoded);
      expect(first && contentKeyOf(first)).not.toEqual(second && contentKeyOf(second));
    }
  });

  it.each(['p-256', 'p-384', 'p-521', 'x25519'] as const)('uses a new ephemeral %s key each time and for each recipient', (key) => {
    const recipients = [BOB, 'steve@example.org'].map((address) => preparedRecipient(key, address));
    const points = [1, 2].flatMap(() =>
      at(envelopeOf(encrypt(ENTITY, recipients, OPTIONS)), 1).children.map((info) => at(info, 1, 0, 1).content.toString('hex')),
    );
    expect(new Set(points).size).toBe(4);
  });

  it('names a recipient once even when given twice', () => {
    expect(at(envelopeOf(encryptFor(['rsa-2048', 'rsa-2048'])), 1).children).toHaveLength(1);
  });

  it('refuses to encrypt for nobody', () => {
    expect(refusal(() => encrypt(ENTITY, [], OPTIONS))).toMatchObject({ code: 'no-recipients', disposition: 'quarantine' });
  });

  it('shows nothing of the entity', () => {
    for (const content of CIPHERS) expect(cmsOf(encryptFor(['rsa-2048'], { content })).includes('Dear Bob')).toBe(false);
  });

  it('labels CBC as enveloped-data and GCM as authEnveloped-data', () => {
    expect(encryptFor(['rsa-2048'], { content: 'aes-128-cbc' }).toString('latin1')).toContain('smime-type=enveloped-data;');
    expect(encryptFor(['rsa-2048'], { content: 'aes-128-gcm' }).toString('latin1')).toContain('smime-type=authEnveloped-data;');
  });
});

describe('EnvelopedData', () => {
  it.each([
    [['rsa-2048'], '020100'],
    [['rsa-2048', 'rsa-4096'], '020100'],
    [['p-256'], '020102'],
    [['rsa-2048', 'p-256'], '020102'],
  ] as const)('for %j has version %s (RFC 5652 §6.1)', (keys, version) => {
    const cms = viewDer(cmsOf(encryptFor(keys)));
    expect(dotted(at(cms, 0))).toBe(OID.envelopedData);
    expect(at(cms, 1, 0, 0).encoded.toString('hex')).toBe(version);
  });

  it.each(CIPHERS.filter((cipher) => cipher.endsWith('-cbc')))('with %s holds primitive content and an IV of 16 octets', (content) => {
    const info = at(envelopeOf(encryptFor(['rsa-2048'], { content })), 2);
    expect(dotted(at(info, 0))).toBe(OID.data);
    expect(dotted(at(info, 1, 0))).toBe(CONTENT_CIPHERS[content].oid);
    expect(at(info, 1, 1)).toMatchObject({ tag: 0x04 });
    expect(at(info, 1, 1).content).toHaveLength(16);
    expect(at(info, 2).tag).toBe(0x80);
  });

  it('pads with 1 to 16 octets (RFC 5652 §6.3)', () => {
    for (const length of [0, 15, 16, 17]) {
      const ciphertext = at(envelopeOf(encryptFor(['rsa-2048'], {}, Buffer.alloc(length))), 2, 2).content;
      expect(ciphertext).toHaveLength((Math.floor(length / 16) + 1) * 16);
    }
  });
});

describe('AuthEnvelopedData', () => {
  it.each(['rsa-2048', 'p-256'] as const)('for %s has version 0, whoever the recipients are, and no authAttrs (RFC 5083 §2.1)', (key) => {
    const cms = viewDer(cmsOf(encryptFor([key], { content: 'aes-256-gcm' })));
    expect(dotted(at(cms, 0))).toBe(OID.authEnvelopedData);
    expect(at(cms, 1, 0, 0).encoded.toString('hex')).toBe('020100');
    expect(at(cms, 1, 0).children.map(({ tag }) => tag)).toEqual([0x02, 0x31, 0x30, 0x04]);
  });

  it('has a nonce of 12 octets, says that the tag has 16, and has one of 16 (RFC 5084 §3.2)', () => {
    const envelope = envelopeOf(encryptFor(['rsa-2048'], { content: 'aes-256-gcm' }));
    const parameters = at(envelope, 2, 1, 1);
    expect(at(parameters, 0).content).toHaveLength(12);
    expect(at(parameters, 1).encoded.toString('hex')).toBe('020110');
    expect(at(envelope, 3).content).toHaveLength(16);
    expect(at(envelope, 2, 2)).toMatchObject({ tag: 0x80 });
    expect(at(envelope, 2, 2).content).toHaveLength(ENTITY.length);
  });

  it('is refused by openssl when a bit of ciphertext or tag is changed', () => {
    const sealed = encryptFor(['rsa-2048'], { content: 'aes-256-gcm' });
    const cms = cmsOf(sealed);
    for (const fromEnd of [1, 30]) {
      const altered = Buffer.from(cms);
      altered.writeUInt8(altered.readUInt8(altered.length - fromEnd) ^ 1, altered.length - fromEnd);
      const message = Buffer.from(
        `${sealed.toString('latin1', 0, sealed.indexOf('\r\n\r\n') + 4)}${altered.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
      );
      expect(() => opensslDecrypt(message, issue('rsa-2048', BOB))).toThrow();
    }
  });
});

describe('KeyTransRecipientInfo', () => {
  const info = (keyTransport: EncryptOptions['keyTransport']) => at(envelopeOf(encryptFor(['rsa-2048'], { keyTransport })), 1, 0);

  it('has version 0 and repeats issuer and serial byte for byte (RFC 5652 §6.2.1)', () => {
    const toBeSigned = at(viewDer(issue('rsa-2048', BOB).certificate), 0);
    expect(at(info('rsa-pkcs1'), 0).encoded.toString('hex')).toBe('020100');
    expect(at(info('rsa-pkcs1'), 1, 0).encoded).toEqual(at(toBeSigned, 3).encoded);
    expect(at(info('rsa-pkcs1'), 1, 1).encoded).toEqual(at(toBeSigned, 1).encoded);
  });

  it('names rsaEncryption with NULL for PKCS#1 v1.5', () => {
    expect(at(info('rsa-pkcs1'), 2).encoded.toString('hex')).toBe('300d06092a864886f70d0101010500');
  });

  it('names SHA-256 for hash and MGF1 of OAEP, and no pSource (RFC 4055 §4.1)', () => {
    const algorithm = at(info('rsa-oaep'), 2);
    expect(dotted(at(algorithm, 0))).toBe(OID.rsaesOaep);
    expect(at(algorithm, 1).children.map(({ tag }) => tag)).toEqual([0xa0, 0xa1]);
    expect(dotted(at(algorithm, 1, 0, 0, 0))).toBe(OID.sha256);
    expect(dotted(at(algorithm, 1, 1, 0, 0))).toBe(OID.mgf1);
    expect(dotted(at(algorithm, 1, 1, 0, 1, 0))).toBe(OID.sha256);
  });

  it.each([
    ['aes-128-cbc', 16],
    ['aes-192-cbc', 24],
    ['aes-256-cbc', 32],
    ['aes-128-gcm', 16],
    ['aes-256-gcm', 32],
  ] as const)('carries a content key of the right length for %s', (content, keyBytes) => {
    expect(contentKeyOf(envelopeOf(encryptFor(['rsa-2048'], { content, keyTransport: 'rsa-oaep' })), true)).toHaveLength(keyBytes);
  });
});

describe('KeyAgreeRecipientInfo', () => {
  it.each([
    ['p-256', OID.ecdhSha256Kdf, OID.p256, 65],
    ['p-384', OID.ecdhSha384Kdf, OID.p384, 97],
    ['p-521', OID.ecdhSha512Kdf, OID.p521, 133],
  ] as const)(
    'for %s has version 3, an uncompressed ephemeral key and the KDF of the curve’s strength (RFC 5753)',
    (key, scheme, curve, pointBytes) => {
      const info = at(envelopeOf(encryptFor([key])), 1, 0);
      expect(info.tag).toBe(0xa1);
      expect(info.children.map(({ tag }) => tag)).toEqual([0x02, 0xa0, 0x30, 0x30]);
      expect(at(info, 0).encoded.toString('hex')).toBe('020103');
      const originatorKey = at(info, 1, 0);
      expect(originatorKey.tag).toBe(0xa1);
      expect(at(originatorKey, 0).children.map(dotted)).toEqual([OID.ecPublicKey, curve]);
      expect(at(originatorKey, 1).content).toHaveLength(1 + pointBytes);
      expect(at(originatorKey, 1).content.toString('hex', 0, 2)).toBe('0004');
      expect(dotted(at(info, 2, 0))).toBe(scheme);
    },
  );

  it.each([
    ['aes-128-cbc', OID.aes128Wrap, 24],
    ['aes-192-cbc', OID.aes192Wrap, 32],
    ['aes-256-gcm', OID.aes256Wrap, 40],
  ] as const)('wraps the key of %s with AES of the same length, parameters absent (RFC 8551 §2.3)', (content, wrap, wrappedBytes) => {
    const info = at(envelopeOf(encryptFor(['p-521'], { content })), 1, 0);
    expect(at(info, 2, 1).children.map(dotted)).toEqual([wrap]);
    expect(at(info, 3, 0, 1).content).toHaveLength(wrappedBytes);
  });

  it('repeats issuer and serial byte for byte', () => {
    const info = at(envelopeOf(encryptFor(['p-256'])), 1, 0);
    const toBeSigned = at(viewDer(issue('p-256', BOB).certificate), 0);
    expect(at(info, 3, 0, 0).children.map(({ encoded }) => encoded)).toEqual([at(toBeSigned, 3).encoded, at(toBeSigned, 1).encoded]);
  });

  it.each(CIPHERS)('for X25519 follows RFC 8418 with HKDF and SHA-256, with %s', (content) => {
    const sealed = encryptFor(['x25519'], { content });
    const info = at(envelopeOf(sealed), 1, 0);
    expect(at(info, 1, 0, 0).children.map(dotted)).toEqual([OID.x25519]);
    expect(at(info, 1, 0, 1).content).toHaveLength(33);
    expect(dotted(at(info, 2, 0))).toBe(OID.ecdhHkdfSha256);
    expect(openForX25519(sealed)).toEqual(ENTITY);
  });

  it('for a P-256 key derives as X9.63 with ECC-CMS-SharedInfo, here worked out by hand', () => {
    const envelope = envelopeOf(encryptFor(['p-256'], { content: 'aes-256-cbc' }));
    const info = at(envelope, 1, 0);
    const algorithmIdentifier = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex');
    const shared = sharedSecret(issue('p-256', BOB).privateKeyPem, algorithmIdentifier, at(info, 1, 0, 1).encoded);
    const sharedInfo = Buffer.concat([Buffer.from('3015', 'hex'), at(info, 2, 1).encoded, Buffer.from('a206040400000100', 'hex')]);
    const key = createHash('sha256')
      .update(Buffer.concat([shared, Buffer.of(0, 0, 0, 1), sharedInfo]))
      .digest();
    expect(decryptContent(envelope, unwrap(key, at(info, 3, 0, 1).content))).toEqual(ENTITY);
  });
});

describe('RecipientInfos', () => {
  it('is a SET OF in DER order', () => {
    const infos = at(envelopeOf(encryptFor(['p-256', 'rsa-4096', 'x25519', 'rsa-2048'])), 1).children.map(({ encoded }) => encoded);
    expect(infos).toHaveLength(4);
    expect(infos).toEqual(infos.toSorted(Buffer.compare));
  });
});

/** Opens for the X25519 recipient by RFC 8418, since openssl 3.0 cannot. */
function openForX25519(sealed: Buffer): Buffer {
  const envelope = envelopeOf(sealed);
  const info = at(envelope, 1).children.find((candidate) => candidate.tag === 0xa1 && dotted(at(candidate, 1, 0, 0, 0)) === OID.x25519);
  if (info === undefined) throw new Error('no X25519 recipient');
  const shared = sharedSecret(issue('x25519', BOB).privateKeyPem, Buffer.from('300506032b656e', 'hex'), at(info, 1, 0, 1).encoded);
  const wrapped = at(info, 3, 0, 1).content;
  const keyBytes = wrapped.length - 8;
  const suppPubInfo = Buffer.concat([Buffer.from('a2060404', 'hex'), Buffer.of(0, 0, (keyBytes * 8) >> 8, (keyBytes * 8) & 0xff)]);
  const sharedInfo = Buffer.concat([Buffer.from('3015', 'hex'), at(info, 2, 1).encoded, suppPubInfo]);
  const key = Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), sharedInfo, keyBytes));
  return decryptContent(envelope, unwrap(key, wrapped));
}

function sharedSecret(privateKeyPem: string, algorithmIdentifier: Buffer, bitString: Buffer): Buffer {
  const members = Buffer.concat([algorithmIdentifier, bitString]);
  const spki = Buffer.concat([Buffer.of(0x30, members.length), members]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return diffieHellman({ privateKey: createPrivateKey(privateKeyPem), publicKey });
}

function unwrap(key: Buffer, wrapped: Buffer): Buffer {
  const decipher = createDecipheriv(`id-aes${key.length * 8}-wrap`, key, Buffer.alloc(8, 0xa6));
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

function decryptContent(envelope: DerView, key: Buffer): Buffer {
  const [name] = Object.entries(CONTENT_CIPHERS).find(([, { oid }]) => oid === dotted(at(envelope, 2, 1, 0))) ?? [''];
  const ciphertext = at(envelope, 2, 2).content;
  if (name === 'aes-128-gcm' || name === 'aes-256-gcm') {
    const decipher = createDecipheriv(name, key, at(envelope, 2, 1, 1, 0).content).setAuthTag(at(envelope, 3).content);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }
  const decipher = createDecipheriv(name, key, at(envelope, 2, 1, 1).content);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** The content key as the RSA recipient finds it, PKCS#1 v1.5 padding removed by hand: Node 20 refuses to. */
function contentKeyOf(envelope: DerView, oaep = false): Buffer {
  const key = issue('rsa-2048', BOB).privateKeyPem;
  const encrypted = at(envelope, 1, 0, 3).content;
  if (oaep) return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, encrypted);
  const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
  return block.subarray(block.indexOf(0, 2) + 1);
}
