import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { looksLikeText } from '../../src/message/looks-like-text.js';
import { areOpenPgpSignatures, isEncryptedOpenPgp, readArmor } from '../../src/message/openpgp.js';
import { PGP_MESSAGE, PGP_SIGNATURE } from '../kit/openpgp-samples.js';

function octetsIn(armored: string): Buffer {
  const block = readArmor(Buffer.from(armored));
  if (block === undefined) throw new Error('not one armored block');
  return block.octets;
}

/** A packet in the new format (RFC 9580 §4.2.1), its length in five octets. */
function packet(tag: number, body: Buffer): Buffer {
  const length = Buffer.alloc(5, 0xff);
  length.writeUInt32BE(body.length, 1);
  return Buffer.concat([Buffer.of(0xc0 | tag), length, body]);
}

const SESSION_KEY = packet(1, randomBytes(90));
const ENCRYPTED = packet(18, Buffer.concat([Buffer.of(1), randomBytes(300)]));

describe('an armored block', () => {
  test('is read with LF or CRLF, armor headers, blanks around it, and with or without its checksum', () => {
    const octets = octetsIn(PGP_MESSAGE);
    expect(octetsIn(PGP_MESSAGE.replaceAll('\n', '\r\n'))).toEqual(octets);
    expect(octetsIn(`\n\n${PGP_MESSAGE.replace('-----\n\n', '-----\nVersion: GnuPG v2\nComment: x\n\n')}\n\n`)).toEqual(octets);
    expect(octetsIn(PGP_MESSAGE.replace('=JdIW\n', ''))).toEqual(octets);
    expect(readArmor(Buffer.from(PGP_SIGNATURE))?.label).toBe('SIGNATURE');
  });

  test.each([
    ['text before it', `Dear Bob\n${PGP_MESSAGE}`],
    ['text behind it', `${PGP_MESSAGE}Regards`],
    ['text within it', PGP_MESSAGE.replace('\nYpT2', '\nThe PIN is 1234!\nYpT2')],
    ['text behind its padding', PGP_MESSAGE.replace('2Q==\n', '2Q==\nThePINis1234\n')],
    ['no end', PGP_MESSAGE.replace(/-----END.*\n/, '')],
    ['the end of another', PGP_MESSAGE.replace('END PGP MESSAGE', 'END PGP SIGNATURE')],
    ['a long header', PGP_MESSAGE.replace('-----\n\n', `-----\nComment: ${'x'.repeat(200)}\n\n`)],
    ['nothing in it', '-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n'],
  ])('with %s is none', (_, text) => {
    expect(readArmor(Buffer.from(text))).toBeUndefined();
  });

  test('of many lines, and of none that end, takes no long time', () => {
    const lines = `${'A'.repeat(64)}\n`.repeat(200_000);
    const text = Buffer.from(`-----BEGIN PGP MESSAGE-----\n\n${lines}-----END PGP MESSAGE-----`);
    expect(readArmor(text)?.octets).toHaveLength(200_000 * 48);
    expect(readArmor(Buffer.from(`-----BEGIN PGP MESSAGE-----\n${'Comment: x\n'.repeat(100_000)}`))).toBeUndefined();
  });
});

describe('an encrypted message', () => {
  test('is session keys, then encrypted data, in either packet format and in partial lengths', () => {
    expect(isEncryptedOpenPgp(octetsIn(PGP_MESSAGE))).toBe(true);
    expect(isEncryptedOpenPgp(Buffer.concat([SESSION_KEY, packet(3, randomBytes(20)), ENCRYPTED]))).toBe(true);
    const inPieces = Buffer.concat([Buffer.of(0xc0 | 18, 0xe0 | 9), Buffer.of(1), randomBytes(511), Buffer.of(20), randomBytes(20)]);
    expect(isEncryptedOpenPgp(Buffer.concat([SESSION_KEY, inPieces]))).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['a literal', Buffer.concat([SESSION_KEY, packet(11, randomBytes(300))])],
    ['something compressed', Buffer.concat([SESSION_KEY, packet(8, randomBytes(300))])],
    ['a literal behind it', Buffer.concat([SESSION_KEY, ENCRYPTED, packet(11, Buffer.from('The PIN is 1234'))])],
    ['a literal between', Buffer.concat([SESSION_KEY, packet(11, Buffer.from('The PIN is 1234')), ENCRYPTED])],
    ['text in its place', Buffer.concat([SESSION_KEY, packet(18, Buffer.from(`\x01${'The PIN is 1234. '.repeat(20)}`))])],
    ['nobody it is for', ENCRYPTED],
    ['no data', SESSION_KEY],
    ['an end too early', Buffer.concat([SESSION_KEY, ENCRYPTED]).subarray(0, -1)],
    ['octets behind it', Buffer.concat([SESSION_KEY, ENCRYPTED, Buffer.from('The PIN')])],
    ['no packets', Buffer.from('The PIN is 1234')],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is none', (_, octets) => {
    expect(isEncryptedOpenPgp(octets)).toBe(false);
  });
});

test('signatures are signature packets and nothing else', () => {
  expect(areOpenPgpSignatures(octetsIn(PGP_SIGNATURE))).toBe(true);
  expect(areOpenPgpSignatures(Buffer.concat([octetsIn(PGP_SIGNATURE), packet(11, randomBytes(9))]))).toBe(false);
  expect(areOpenPgpSignatures(Buffer.alloc(0))).toBe(false);
});

test('text is told from what a cipher makes', () => {
  expect(looksLikeText(Buffer.from('Grüße aus Köln und Düsseldorf. '.repeat(20)))).toBe(true);
  expect(looksLikeText(Buffer.from('Grüße aus Köln und Düsseldorf. '.repeat(20), 'latin1'))).toBe(true);
  expect(looksLikeText(Buffer.from('Привет, Боб! Счёт на 1234 рубля. '.repeat(10)))).toBe(true);
  for (let n = 0; n < 2000; n++) expect(looksLikeText(randomBytes(48 + n))).toBe(false);
});
