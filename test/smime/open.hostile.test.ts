import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SealdropError } from '../../src/errors.js';
import { readBer } from '../../src/smime/cms/ber.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { sequence } from '../../src/smime/read/asn1.js';
import { readContentInfo } from '../../src/smime/read/content-info.js';
import { readAuthEnvelopedData } from '../../src/smime/read/enveloped-data.js';
import { readSignedData, readSignerInfo } from '../../src/smime/read/signed-data.js';
import { ctx, der, indefinite, int, octets, oid, seq, set } from './read/der-kit.js';
import { asMessage, cmsOf, EC, ENTITY, Kit, type Party, withCms } from './read/kit.js';
import {
  attribute,
  CONTENT_TYPE,
  MESSAGE_DIGEST,
  multipartSigned,
  pkcs7Mime,
  SHA256,
  SIGNING_TIME,
  sha256,
  signedData,
  signerInfo,
  soundAttributes,
} from './read/signed-builder.js';

let kit: Kit;
let alice: Party;
let bob: Party;
let mallory: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@example.com');
  bob = kit.user('bob@example.net');
  mallory = kit.user('mallory@example.org');
});
afterAll(() => kit.dispose());

function open(message: Buffer, ...parties: Party[]): Opened {
  return openMessage(message, { decryption: parties, trustAnchors: [kit.root.certificate], now: new Date() });
}

function certificates(...parties: Party[]): Buffer[] {
  return [...parties, kit.intermediate].map(({ certificate }) => certificate);
}

/** Opens an opaque message whose only SignerInfo is made as told. */
function openSigned(options: Parameters<typeof signerInfo>[2], content = ENTITY, contentType?: string): Opened['layers'][number] {
  const signerInfos = [signerInfo(content, alice, options)];
  const cms = signedData({ signerInfos, certificates: certificates(alice), content, ...(contentType && { contentType }) });
  const [layer] = open(asMessage(pkcs7Mime(cms))).layers;
  if (layer === undefined) throw new Error('no layer');
  return layer;
}

const ENCRYPT_TO_BOB = () => [['-recip', bob.certFile]];

describe('openMessage, not fooled by signed attributes', () => {
  it('accepts the sound ones the following tests spoil', () => {
    expect(openSigned({ attributes: soundAttributes(ENTITY) })).toMatchObject({ verdict: 'valid' });
  });

  it.each([
    ['no contentType', () => [attribute(MESSAGE_DIGEST, octets(sha256(ENTITY)))], 'lack contentType'],
    ['no messageDigest', () => [attribute(CONTENT_TYPE, oid('1.2.840.113549.1.7.1'))], 'lack messageDigest'],
    ['no attributes at all in the set', () => [], 'lack contentType'],
    ['another contentType', () => soundAttributes(ENTITY, '1.2.840.113549.1.9.16.1.4'), 'not the type of the content'],
    ['two messageDigests', () => [...soundAttributes(ENTITY), attribute(MESSAGE_DIGEST, octets(sha256(ENTITY)))], 'more than once'],
    ['two contentTypes', () => [...soundAttributes(ENTITY), attribute(CONTENT_TYPE, oid('1.2.840.113549.1.7.1'))], 'more than once'],
    [
      'a messageDigest of two values',
      () => [attribute(CONTENT_TYPE, oid('1.2.840.113549.1.7.1')), attribute(MESSAGE_DIGEST, octets(sha256(ENTITY)), octets('x'))],
      'exactly one value',
    ],
    ['a signingTime without value', () => [...soundAttributes(ENTITY), attribute(SIGNING_TIME)], 'exactly one value'],
    [
      'a signingTime that is no time',
      () => [...soundAttributes(ENTITY), attribute(SIGNING_TIME, der(0x17, '251399000000Z'))],
      'not a time',
    ],
    ['the digest of other content', () => soundAttributes(Buffer.from('other')), 'message digest differs'],
  ])('calls %s invalid', (_name, attributes, reason) => {
    expect(openSigned({ attributes: attributes() })).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining(reason) });
  });

  it('calls a signature algorithm with another digest invalid (RFC 8933)', () => {
    const signatureAlgorithm = seq(oid('1.2.840.113549.1.1.13'), Buffer.of(5, 0));
    const layer = openSigned({ attributes: soundAttributes(ENTITY), signatureAlgorithm, digest: 'sha512' });
    expect(layer).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining("(sha256) is not its signature's (sha512)") });
  });

  it('calls attributes presented as content without attributes invalid', () => {
    const content = set(...soundAttributes(ENTITY));
    expect(openSigned({}, content)).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining('taken from another signature') });
  });

  it('accepts no missing attributes where the content is not id-data', () => {
    expect(() => openSigned({}, ENTITY, '1.2.840.113549.1.9.16.1.4')).toThrow(expect.objectContaining({ code: 'unsupported-cms' }));
  });

  it('calls algorithms other than the protected ones invalid (RFC 6211)', () => {
    const protection = (digest: Buffer) =>
      attribute('1.2.840.113549.1.9.52', seq(digest, ctx(1, oid('1.2.840.113549.1.1.1'), Buffer.of(5, 0))));
    const sha1 = seq(oid('1.3.14.3.2.26'));
    expect(openSigned({ attributes: [...soundAttributes(ENTITY), protection(SHA256)] }).verdict).toBe('valid');
    expect(openSigned({ attributes: [...soundAttributes(ENTITY), protection(sha1)] })).toMatchObject({
      verdict: 'invalid',
      reason: expect.stringContaining('RFC 6211'),
    });
  });

  it('calls a certificate other than the one named in signingCertificateV2 invalid', () => {
    const naming = (party: Party) => attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(octets(sha256(party.certificate))))));
    expect(openSigned({ attributes: [...soundAttributes(ENTITY), naming(alice)] }).verdict).toBe('valid');
    expect(openSigned({ attributes: [...soundAttributes(ENTITY), naming(mallory)] }).verdict).toBe('invalid');
  });

  it('calls an unknown digest or signature algorithm unknown', () => {
    const sha3 = seq(oid('2.16.840.1.101.3.4.2.8'));
    expect(openSigned({ attributes: soundAttributes(ENTITY), digestAlgorithm: sha3 }).verdict).toBe('unknown');
    expect(openSigned({ attributes: soundAttributes(ENTITY), signatureAlgorithm: seq(oid('1.2.840.10040.4.3')) }).verdict).toBe('unknown');
  });

  it('calls an RSA signature labelled ECDSA invalid', () => {
    const signatureAlgorithm = seq(oid('1.2.840.10045.4.3.2'));
    expect(openSigned({ attributes: soundAttributes(ENTITY), signatureAlgorithm }).verdict).toBe('invalid');
  });

  it('verifies Ed25519 with SHA-512 only (RFC 8419)', () => {
    const signer = kit.user('alice@example.com', ['-algorithm', 'ED25519']);
    const digest512 = createHash('sha512').update(ENTITY).digest();
    const verdict = (digestAlgorithm: Buffer, digest: Buffer) => {
      const attributes = [attribute(CONTENT_TYPE, oid('1.2.840.113549.1.7.1')), attribute(MESSAGE_DIGEST, octets(digest))];
      const options = { attributes, digestAlgorithm, signatureAlgorithm: seq(oid('1.3.101.112')), digest: null };
      const cms = signedData({ signerInfos: [signerInfo(ENTITY, signer, options)], certificates: certificates(signer), content: ENTITY });
      return open(asMessage(pkcs7Mime(cms))).layers[0]?.verdict;
    };
    expect(verdict(seq(oid('2.16.840.1.101.3.4.2.3')), digest512)).toBe('valid');
    expect(verdict(SHA256, sha256(ENTITY))).toBe('invalid');
  });
});

describe('openMessage, not fooled by several signatures', () => {
  const two = (first: Buffer, second: Buffer, parties: Party[]) =>
    open(asMessage(pkcs7Mime(signedData({ signerInfos: [first, second], certificates: certificates(...parties), content: ENTITY }))));
  const sound = (party: Party) => signerInfo(ENTITY, party, { attributes: soundAttributes(ENTITY) });
  const unsound = (party: Party) => signerInfo(ENTITY, party, { attributes: soundAttributes(Buffer.from('other')) });

  it('calls one invalid SignerInfo beside a valid one invalid, in either order', () => {
    for (const infos of [[sound(alice), unsound(mallory)] as const, [unsound(mallory), sound(alice)] as const]) {
      const opened = two(...infos, [alice, mallory]);
      expect(opened.layers[0]?.verdict).toBe('invalid');
      expect(opened.ok).toBe(false);
    }
  });

  it('calls a SignerInfo that cannot be read invalid', () => {
    expect(two(sound(alice), seq(int(1)), [alice]).layers[0]?.verdict).toBe('invalid');
  });

  it('names a second signer who cannot be judged', () => {
    const opened = two(sound(alice), sound(mallory), [alice]);
    expect(opened.layers[0]).toMatchObject({ verdict: 'valid', reason: expect.stringContaining('another signature is unknown') });
    expect(opened.layers[0]?.signers.map(({ verdict }) => verdict)).toEqual(['valid', 'unknown']);
  });

  it('does not let a stranger sign for the sender beside an unknown signature', () => {
    expect(two(sound(mallory), sound(alice), [mallory]).layers[0]?.verdict).toBe('untrusted');
  });

  it('calls content with no signature invalid', () => {
    const cms = signedData({ signerInfos: [], certificates: certificates(alice), content: ENTITY });
    expect(open(asMessage(pkcs7Mime(cms))).layers[0]).toMatchObject({ verdict: 'invalid', reason: 'it carries no signature' });
  });

  it('refuses more signers than anyone has', () => {
    const signerInfos = Array.from({ length: 65 }, () => seq(int(1)));
    const cms = signedData({ signerInfos, certificates: [], content: ENTITY });
    expect(() => open(asMessage(pkcs7Mime(cms)))).toThrow(expect.objectContaining({ code: 'broken-cms' }));
  });

  it('finds the right certificate among several that claim the same issuer and serial number', () => {
    const twin = Buffer.from(mallory.certificate);
    const [own, theirs] = [alice, mallory].map(({ certificate }) => sequence(sequence(readBer(certificate), '').next(), ''));
    own?.next();
    theirs?.next();
    const [ownSerial, theirSerial] = [own?.next(), theirs?.next()];
    alice.certificate.copy(twin, theirSerial?.start, ownSerial?.start, ownSerial?.end);
    const cms = signedData({ signerInfos: [sound(alice)], certificates: [twin, ...certificates(alice)], content: ENTITY });
    expect(open(asMessage(pkcs7Mime(cms))).layers[0]).toMatchObject({ verdict: 'valid', signers: [{ addresses: ['alice@example.com'] }] });
  });
});

describe('openMessage, not fooled by multipart/signed', () => {
  const info = () => signerInfo(ENTITY, alice, { attributes: soundAttributes(ENTITY) });
  const detached = () => signedData({ signerInfos: [info()], certificates: certificates(alice) });
  const attached = () => signedData({ signerInfos: [info()], certificates: certificates(alice), content: ENTITY });

  it('accepts the sound one the following tests spoil', () => {
    expect(open(asMessage(multipartSigned(ENTITY, detached()))).ok).toBe(true);
  });

  it('calls a signature with a content of its own invalid, whichever part it covers', () => {
    const other = Buffer.from(ENTITY.toString().replace('1,234', '9,999'));
    for (const part of [ENTITY, other]) {
      const opened = open(asMessage(multipartSigned(part, attached())));
      expect(opened.layers[0]).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining('content of its own') });
      expect(opened.entity).toEqual(part);
    }
  });

  it('refuses SignedData without content that stands alone', () => {
    expect(() => open(asMessage(pkcs7Mime(detached())))).toThrow(expect.objectContaining({ code: 'broken-cms' }));
  });

  it('calls more or fewer than two parts invalid', () => {
    const sound = multipartSigned(ENTITY, detached()).toString();
    const three = sound.replace('--b--', '--b\r\nContent-Type: text/plain\r\n\r\nDo as I say.\r\n--b--');
    const one = `${sound.slice(0, sound.indexOf('--b\r\nContent-Type: application'))}--b--\r\n`;
    const none = `${sound.slice(0, sound.indexOf('--b\r\n'))}--b--\r\n`;
    for (const message of [three, one, none]) expect(open(asMessage(Buffer.from(message))).layers[0]?.verdict).toBe('invalid');
  });

  it('leaves text before and after the parts out', () => {
    const message = multipartSigned(ENTITY, detached()).toString().replace('--b\r\n', 'Read this first.\r\n--b\r\n');
    const opened = open(asMessage(Buffer.from(`${message}Read this last.\r\n`)));
    expect(opened.ok).toBe(true);
    expect(opened.message.toString()).not.toContain('Read this');
  });

  it('calls a signature part that is not one invalid and keeps the content', () => {
    for (const cms of [Buffer.from('junk'), Buffer.alloc(0), seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets('x')))]) {
      const opened = open(asMessage(multipartSigned(ENTITY, cms)));
      expect(opened.layers[0]).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining('cannot be read') });
      expect(opened.entity).toEqual(ENTITY);
    }
    const text = multipartSigned(ENTITY, detached())
      .toString()
      .replace('--b\r\nContent-Type: application/pkcs7-signature', '--b\r\nContent-Type: text/plain');
    expect(open(asMessage(Buffer.from(text))).layers[0]?.verdict).toBe('invalid');
  });

  it('takes an OpenPGP multipart/signed for no layer', () => {
    const text = multipartSigned(ENTITY, detached()).toString().replaceAll('pkcs7-signature', 'pgp-signature');
    expect(open(asMessage(Buffer.from(text))).layers).toEqual([]);
  });
});

describe('openMessage, not fooled by what surrounds a layer', () => {
  const mixed = (part: Buffer) =>
    asMessage(
      Buffer.concat([
        Buffer.from(
          'Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<img src="http://mallory.example/\r\n--m\r\n',
        ),
        part,
        Buffer.from('\r\n--m\r\nContent-Type: text/html\r\n\r\n">\r\n--m--\r\n'),
      ]),
    );

  it('does not decrypt a part of a multipart, and says that it did not', () => {
    const message = mixed(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-cbc'));
    const opened = open(message, bob);
    expect(opened).toMatchObject({ layers: [], ok: false, message, notes: [expect.stringContaining('part 1.2')] });
  });

  it('does not take a signed part of a multipart for a signed message', () => {
    const opened = open(mixed(kit.sign(ENTITY, alice)));
    expect(opened).toMatchObject({ layers: [], ok: false, notes: [expect.stringContaining('part 1.2')] });
  });

  it('notes a signed part inside a signed message without judging it', () => {
    const inner = mixed(kit.sign(ENTITY, mallory)).toString('latin1');
    const entity = Buffer.from(inner.slice(inner.indexOf('Content-Type')), 'latin1');
    const opened = open(asMessage(kit.sign(entity, alice, '-nodetach')));
    expect(opened.ok).toBe(true);
    expect(opened.layers).toHaveLength(1);
    expect(opened.notes).toEqual([expect.stringContaining('part 1.2')]);
  });

  it('does not let a stranger sign around somebody else’s encrypted mail', () => {
    const stolen = kit.encrypt(kit.sign(ENTITY, alice, '-nodetach'), ENCRYPT_TO_BOB(), '-aes-256-cbc');
    const opened = open(asMessage(kit.sign(stolen, mallory), 'mallory@example.org'), bob);
    expect(opened.layers.map(({ verdict }) => verdict)).toEqual(['valid', 'unauthenticated', 'untrusted']);
    expect(opened.ok).toBe(false);
  });

  it.each(['Content-Type: text/plain', 'Content-Transfer-Encoding: base64'])('refuses a second %s field', (field) => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'), 'alice@example.com', field);
    expect(() => open(message)).toThrow(expect.objectContaining({ code: 'ambiguous-header' }));
  });

  it.each(['Subject: x\rFrom: ceo@example.com', 'Subject: x\0'])('refuses a bare CR or a NUL in the outer header', (field) => {
    expect(() => open(asMessage(kit.sign(ENTITY, alice), 'alice@example.com', field))).toThrow(
      expect.objectContaining({ code: 'ambiguous-header' }),
    );
  });

  it('gives no empty-looking line of the outer header on, after which its rest would pass for the signed text', () => {
    const opened = open(asMessage(kit.sign(ENTITY, alice), 'alice@example.com', 'X-Note: a\r\n \t\r\n b\r\nX-More: pay mallory'));
    expect(opened.ok).toBe(true);
    expect(opened.message.toString()).toContain('\r\nX-Note: a\r\n b\r\nX-More: pay mallory\r\n');
  });

  it('gives no line on that is not a header field', () => {
    const opened = open(asMessage(kit.sign(ENTITY, alice), 'alice@example.com', 'Pay mallory instead', 'X-Job: 1'));
    expect(opened.message.toString()).not.toContain('mallory');
  });

  it('refuses more layers than anyone makes', () => {
    let entity: Buffer = ENTITY;
    for (let layer = 0; layer < 11; layer += 1) {
      const signerInfos = [signerInfo(entity, alice, { attributes: soundAttributes(entity) })];
      entity = pkcs7Mime(signedData({ signerInfos, certificates: certificates(alice), content: entity }));
    }
    expect(() => open(asMessage(entity))).toThrow(
      expect.objectContaining({ code: 'broken-cms', message: expect.stringContaining('layers') }),
    );
  });
});

describe('openMessage, not fooled by altered encryption', () => {
  it('calls CBC whose inner signature broke with it unauthenticated', () => {
    const message = asMessage(kit.encrypt(kit.sign(ENTITY, alice), ENCRYPT_TO_BOB(), '-aes-256-cbc'));
    const cms = cmsOf(message);
    // A bit of the text in the first part: one block becomes noise, the next has one bit changed.
    const offset = cms.length - 3000;
    cms[offset] = (cms[offset] ?? 0) ^ 1;
    const opened = open(withCms(message, cms), bob);
    expect(opened.layers[0]?.verdict).toBe('unauthenticated');
    expect(opened.ok).toBe(false);
  });

  it('does not decrypt GCM relabelled as CBC', () => {
    const data = readAuthEnvelopedData(readContentInfo(cmsOf(asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm')))).content);
    const recipient = kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm');
    const recipientInfos = sequence(readContentInfo(cmsOf(recipient)).content, '');
    recipientInfos.next();
    const infos = recipientInfos.next();
    const block = data.ciphertext.subarray(0, data.ciphertext.length - (data.ciphertext.length % 16));
    const algorithm = seq(oid('2.16.840.1.101.3.4.1.42'), octets(Buffer.alloc(16)));
    const content = seq(oid('1.2.840.113549.1.7.1'), algorithm, der(0x80, block));
    const downgraded = seq(int(0), infos.source.bytes.subarray(infos.start, infos.end), content);
    const message = asMessage(pkcs7Mime(seq(oid('1.2.840.113549.1.7.3'), ctx(0, downgraded))));
    expect(outcomeOf(message, bob)).not.toBe('ok');
  });

  it('does not decrypt GCM that stands where no tag is', () => {
    const cms = cmsOf(asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm')));
    const members = sequence(readContentInfo(cms).content, '');
    const parts = [members.next(), members.next(), members.next()].map(({ start, end, source }) => source.bytes.subarray(start, end));
    const message = asMessage(pkcs7Mime(seq(oid('1.2.840.113549.1.7.3'), ctx(0, seq(...parts)))));
    expect(errorOf(message, bob)).toMatchObject({ code: 'unsupported-cms', message: expect.stringContaining('aes-256-gcm') });
  });

  it.each([0, 4, 8, 11, 17])('refuses a GCM tag of %i octets', (length) => {
    const message = asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm'));
    const cms = cmsOf(message);
    const at = cms.lastIndexOf(Buffer.of(0x02, 0x01, 0x10));
    cms[at + 2] = length;
    expect(() => open(withCms(message, cms), bob)).toThrow(SealdropError);
  });

  it('gives one and the same error for a bad key, a bad padding and a bad tag', () => {
    const message = asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm'));
    const cms = cmsOf(message);
    const data = readAuthEnvelopedData(readContentInfo(cms).content);
    const [recipient] = data.recipients;
    if (recipient?.kind !== 'key-transport') throw new Error('expected key transport');
    const errors = [recipient.encryptedKey, data.ciphertext, data.authentication?.tag ?? Buffer.alloc(1)].map((place) => {
      const altered = Buffer.from(cms);
      const offset = cms.indexOf(place) + place.length - 1;
      altered[offset] = (altered[offset] ?? 0) ^ 1;
      return errorOf(withCms(message, altered), bob);
    });
    expect(new Set(errors.map((error) => `${error?.code} ${error?.message}`)).size).toBe(1);
    expect(errors[0]?.code).toBe('cannot-decrypt');
  });

  it('names neither key nor content in an error', () => {
    const message = asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm'));
    const cms = cmsOf(message);
    cms[cms.length - 1] = (cms[cms.length - 1] ?? 0) ^ 1;
    const error = errorOf(withCms(message, cms), bob);
    expect(`${error?.message} ${error?.cure} ${String(error?.cause)}`).not.toMatch(/figures|PRIVATE|error:/);
  });

  it('refuses a zlib bomb within bounded memory', () => {
    const bomb = deflateSync(Buffer.alloc(129 * 1024 * 1024), { level: 1 });
    const info = seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets(bomb)));
    const cms = seq(oid('1.2.840.113549.1.9.16.1.9'), ctx(0, seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), info)));
    expect(() => open(asMessage(pkcs7Mime(cms)))).toThrow(expect.objectContaining({ code: 'broken-cms' }));
  });
});

function errorOf(message: Buffer, ...parties: Party[]): SealdropError | undefined {
  try {
    open(message, ...parties);
    return undefined;
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
}

/** `ok`, `not ok`, or `error`; anything thrown that is not a SealdropError fails the test. */
function outcomeOf(message: Buffer, ...parties: Party[]): 'ok' | 'not ok' | 'error' {
  if (errorOf(message, ...parties) !== undefined) return 'error';
  return open(message, ...parties).ok ? 'ok' : 'not ok';
}

function flipped(bytes: Buffer, offset: number, bit: number): Buffer {
  const altered = Buffer.from(bytes);
  altered[offset] = (altered[offset] ?? 0) ^ (1 << bit);
  return altered;
}

describe('openMessage, any bit changed', () => {
  const ECDSA_SIGNER = () => kit.user('alice@example.com', EC('P-256'));

  it('in signed content, attributes or signature is never ok', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'));
    const cms = cmsOf(message);
    const data = readSignedData(readContentInfo(cms).content);
    const [element] = data.signerInfos;
    if (element === undefined || data.content === undefined) throw new Error('expected a signature');
    const signer = readSignerInfo(element);
    const attributes = signer.signedAttributes;
    if (attributes === undefined) throw new Error('expected attributes');
    const places = [data.content, cms.subarray(attributes.start, attributes.end), signer.signature];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(), fc.nat(7), (place, index, bit) => {
        const offset = cms.indexOf(place) + (index % place.length);
        expect(outcomeOf(withCms(message, flipped(cms, offset, bit)))).not.toBe('ok');
      }),
      { numRuns: 300 },
    );
  });

  it('in a detached signed part is never ok', () => {
    const message = asMessage(kit.sign(ENTITY, alice));
    const start = message.indexOf(ENTITY);
    fc.assert(
      fc.property(fc.nat(ENTITY.length - 1), fc.nat(7), (index, bit) => {
        const altered = flipped(message, start + index, bit);
        expect(outcomeOf(altered)).not.toBe('ok');
      }),
      { numRuns: 300 },
    );
  });

  it('in GCM ciphertext, tag or nonce never decrypts', () => {
    const message = asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm'));
    const cms = cmsOf(message);
    const data = readAuthEnvelopedData(readContentInfo(cms).content);
    const { parameters } = data.algorithm;
    if (parameters === undefined || data.authentication === undefined) throw new Error('expected GCM');
    const nonce = cms.subarray(parameters.contentStart + 2, parameters.contentStart + 14);
    const places = [data.ciphertext, data.authentication.tag, nonce];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(), fc.nat(7), (place, index, bit) => {
        const altered = flipped(cms, cms.indexOf(place) + (index % place.length), bit);
        expect(errorOf(withCms(message, altered), bob)?.code).toBe('cannot-decrypt');
      }),
      { numRuns: 300 },
    );
  });

  it('anywhere in a sealed message gives the same entity or is not ok', () => {
    const sealed = [
      asMessage(kit.sign(ENTITY, alice, '-nodetach')),
      asMessage(kit.sign(ENTITY, ECDSA_SIGNER())),
      asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm')),
      asMessage(kit.encrypt(kit.sign(ENTITY, ECDSA_SIGNER(), '-nodetach'), ENCRYPT_TO_BOB(), '-aes-256-cbc')),
      asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-cbc')),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...sealed), fc.nat(), fc.nat(7), (message, index, bit) => {
        const altered = flipped(message, index % message.length, bit);
        if (outcomeOf(altered, bob) === 'ok') expect(open(altered, bob).entity).toEqual(ENTITY);
      }),
      { numRuns: 1500 },
    );
  });

  it('anywhere in the DER gives the same entity or is not ok', () => {
    const sealed = [
      asMessage(kit.sign(ENTITY, ECDSA_SIGNER(), '-nodetach', '-stream')),
      asMessage(kit.encrypt(ENTITY, ENCRYPT_TO_BOB(), '-aes-256-gcm')),
      asMessage(kit.encrypt(kit.sign(ENTITY, ECDSA_SIGNER(), '-nodetach'), ENCRYPT_TO_BOB(), '-aes-256-cbc')),
    ].map((message) => ({ message, cms: cmsOf(message) }));
    fc.assert(
      fc.property(fc.constantFrom(...sealed), fc.nat(), fc.nat(7), ({ message, cms }, index, bit) => {
        const altered = withCms(message, flipped(cms, index % cms.length, bit));
        if (outcomeOf(altered, bob) === 'ok') expect(open(altered, bob).entity).toEqual(ENTITY);
      }),
      { numRuns: 1500 },
    );
  });
});

describe('openMessage, given anything at all', () => {
  it('ends with a SealdropError for CMS cut short at any octet', () => {
    const message = asMessage(kit.encrypt(kit.sign(ENTITY, alice, '-nodetach'), ENCRYPT_TO_BOB(), '-aes-256-cbc', '-stream'));
    const cms = cmsOf(message);
    for (let length = 0; length < cms.length; length += length < 700 ? 1 : 97) {
      expect(errorOf(withCms(message, cms.subarray(0, length)), bob)).toBeInstanceOf(SealdropError);
    }
  });

  it('ends with a SealdropError for random octets as CMS', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(errorOf(withCms(message, Buffer.from(bytes)))).toBeInstanceOf(SealdropError);
      }),
      { numRuns: 500 },
    );
  });

  it('ends with a SealdropError for random octets inside each kind of structure', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'));
    const types = ['1.2.840.113549.1.7.2', '1.2.840.113549.1.7.3', '1.2.840.113549.1.9.16.1.23', '1.2.840.113549.1.9.16.1.9'];
    const wrap = (type: string, bytes: Buffer, kind: number) =>
      seq(oid(type), ctx(0, kind === 0 ? bytes : kind === 1 ? seq(bytes) : indefinite(0x30, int(1), bytes)));
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 200 }), fc.nat(2), (type, bytes, kind) => {
        expect(errorOf(withCms(message, wrap(type, Buffer.from(bytes), kind)))).toBeInstanceOf(SealdropError);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses absurdly nested structures', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'));
    for (const cms of [Buffer.alloc(3_000_000, Buffer.of(0x30, 0x80)), Buffer.alloc(3_000_000, Buffer.of(0x30, 0x83, 0x2d, 0xc6, 0xb0))]) {
      expect(errorOf(withCms(message, cms))?.code).toBe('broken-cms');
    }
  });

  it('refuses millions of recipients within bounded time', () => {
    const crowd = Buffer.alloc(6_000_000, Buffer.of(0x30, 0x00));
    const data = seq(int(0), set(crowd), seq(oid('1.2.840.113549.1.7.1')));
    const message = asMessage(pkcs7Mime(seq(oid('1.2.840.113549.1.7.3'), ctx(0, data))));
    const started = performance.now();
    expect(errorOf(message, bob)?.code).toBe('broken-cms');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('judges 64 signers over a large content without hashing it 64 times', () => {
    const content = Buffer.alloc(20_000_000, 'x');
    const info = signerInfo(content, alice, { attributes: soundAttributes(content) });
    const cms = signedData({ signerInfos: Array.from({ length: 64 }, () => info), certificates: certificates(alice), content });
    const started = performance.now();
    expect(open(asMessage(pkcs7Mime(cms))).layers[0]?.verdict).toBe('valid');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('reads quoted-printable CMS in time that grows with its length alone', () => {
    const header = 'From: a@example.com\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n';
    const before = process.cpuUsage();
    expect(errorOf(Buffer.from(header + ' '.repeat(1_000_000)))?.code).toBe('broken-cms');
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });

  it('ends for arbitrary header and body text', () => {
    const piece = fc.constantFrom(
      'Content-Type: ',
      'multipart/signed; ',
      'application/pkcs7-mime',
      'boundary=b',
      '\r\n',
      '\n',
      '--b',
      '--b--',
      'From: ',
      'a@example.com',
      ';',
      '"',
      'MIAG',
      '\u0000',
      ':',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        outcomeOf(Buffer.from(pieces.join('')));
      }),
      { numRuns: 1000 },
    );
  });

  it('says that a certificate it was given is unusable', () => {
    const keys = { decryption: [], trustAnchors: [Buffer.from('not a certificate')], now: new Date() };
    expect(() => openMessage(asMessage(ENTITY), keys)).toThrow(expect.objectContaining({ code: 'unusable-certificate' }));
  });
});
