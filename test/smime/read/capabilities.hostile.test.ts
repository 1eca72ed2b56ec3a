import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTENT_CIPHERS, OID } from '../../../src/smime/algorithms.js';
import { BerError, readBer } from '../../../src/smime/cms/ber.js';
import { readCapabilities, readEncryptionKeyPreference } from '../../../src/smime/read/capabilities.js';
import { ctx, der, indefinite, int, octets, oid, seq, set } from './der-kit.js';

const AES256 = seq(oid(OID.aes256Cbc));
const GCM256 = seq(oid(OID.aes256Gcm));

function read(encoded: Buffer) {
  return readCapabilities(readBer(encoded));
}

describe('smimeCapabilities', () => {
  it('keep the order, and tell the ciphers known from the rest', () => {
    const list = seq(GCM256, AES256, seq(oid(OID.rc2Cbc), int(128)), seq(oid('1.3.6.1.4.1.99999.1')), seq(oid(OID.aes128Cbc)));
    expect(read(list)).toEqual({
      ciphers: ['aes-256-gcm', 'aes-256-cbc', 'aes-128-cbc'],
      others: [OID.rc2Cbc, '1.3.6.1.4.1.99999.1'],
    });
  });

  it('know every cipher that is written', () => {
    const list = seq(...Object.values(CONTENT_CIPHERS).map((cipher) => seq(oid(cipher.oid))));
    expect(read(list)).toEqual({ ciphers: Object.keys(CONTENT_CIPHERS), others: [] });
  });

  it('may be empty', () => {
    expect(read(seq())).toEqual({ ciphers: [], others: [] });
  });

  it('count each once, however often it is named', () => {
    expect(read(seq(AES256, GCM256, AES256, seq(oid('1.2.3')), seq(oid('1.2.3'))))).toEqual({
      ciphers: ['aes-256-cbc', 'aes-256-gcm'],
      others: ['1.2.3'],
    });
  });

  it.each([
    ['NULL', Buffer.of(5, 0)],
    ['a key length', int(16)],
  ])('are another thing than the cipher when they have %s as parameter, where none may be', (_, parameter) => {
    expect(read(seq(seq(oid(OID.aes256Gcm), parameter)))).toEqual({ ciphers: [], others: [OID.aes256Gcm] });
  });

  const long = (tag: number, content: Buffer) => Buffer.concat([Buffer.of(tag, 0x81, content.length), content]);
  const oidOctets = oid(OID.aes256Gcm).subarray(2);
  it.each<[string, Buffer]>([
    ['a SET', set(AES256)],
    ['an OCTET STRING', octets('aes')],
    ['a list of identifiers that are not SEQUENCEs', seq(oid(OID.aes256Cbc))],
    ['an empty capability', seq(AES256, seq())],
    ['a capability of three members', seq(seq(oid(OID.aes256Cbc), int(1), int(2)))],
    ['a capability that begins with a number', seq(seq(int(1), oid(OID.aes256Cbc)))],
    ['a list of indefinite length', indefinite(0x30, AES256)],
    ['a capability of indefinite length', seq(indefinite(0x30, oid(OID.aes256Cbc)))],
    ['a parameter of indefinite length', seq(seq(oid(OID.rc2Cbc), indefinite(0x30, int(1))))],
    ['a list with a length in more octets than it takes', long(0x30, AES256)],
    ['a capability with a length in more octets than it takes', seq(long(0x30, oid(OID.aes256Cbc)))],
    ['an identifier with a length in more octets than it takes', seq(seq(long(0x06, oidOctets)))],
    ['an identifier in a second spelling', seq(seq(der(0x06, Buffer.of(...oidOctets.subarray(0, 1), 0x80), oidOctets.subarray(1))))],
    ['an identifier that begins with an empty octet', seq(seq(der(0x06, Buffer.of(0x80), oidOctets)))],
    ['an identifier that does not end', seq(seq(der(0x06, oidOctets, Buffer.of(0x80))))],
    ['an empty identifier', seq(seq(der(0x06)))],
    ['an identifier of 65 octets', seq(seq(der(0x06, Buffer.alloc(65, 1))))],
    ['a constructed identifier', seq(seq(der(0x26, oid(OID.aes256Cbc))))],
    ['a length past the end', Buffer.concat([Buffer.of(0x30, 0x40), AES256])],
    ['101 capabilities', seq(...Array.from({ length: 101 }, () => AES256))],
    ['more than 4096 octets', seq(seq(oid('1.2.3'), octets(Buffer.alloc(4096))))],
  ])('that are %s are refused as a whole', (_, encoded) => {
    expect(() => read(encoded)).toThrow(BerError);
  });

  it('of any bytes are read in bounded time, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(299), fc.nat(255), (noise, at, octet) => {
        const sound = seq(GCM256, AES256, seq(oid(OID.rc2Cbc), int(40)));
        sound[at % sound.length] = octet;
        for (const bytes of [Buffer.from(noise), sound]) {
          try {
            const { ciphers, others } = read(bytes);
            expect(new Set([...ciphers, ...others]).size).toBe(ciphers.length + others.length);
          } catch (error) {
            expect(error).toBeInstanceOf(BerError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('encryptionKeyPreference', () => {
  const name = seq(set(seq(oid('2.5.4.3'), der(0x0c, 'Example CA'))));
  const preference = (encoded: Buffer) => readEncryptionKeyPreference(readBer(encoded));

  it('is issuer and serial number, or a key identifier in either form', () => {
    expect(preference(ctx(0, name, int(7)))).toEqual({ issuer: name, serial: Buffer.of(7) });
    expect(preference(ctx(1, octets('key')))).toEqual({ subjectKeyIdentifier: Buffer.from('key') });
    expect(preference(der(0x82, 'key'))).toEqual({ subjectKeyIdentifier: Buffer.from('key') });
  });

  it.each<[string, Buffer]>([
    ['another choice', ctx(3, name, int(7))],
    ['a plain SEQUENCE', seq(name, int(7))],
    ['an issuer alone', ctx(0, name)],
    ['of indefinite length', indefinite(0xa0, name, int(7))],
    ['a key identifier in pieces', ctx(2, octets('k'), octets('ey'))],
    ['a key identifier that is none', ctx(1, int(1))],
    ['primitive issuer and serial', der(0x80, name, int(7))],
  ])('is refused when it is %s', (_, encoded) => {
    expect(() => preference(encoded)).toThrow(BerError);
  });
});
