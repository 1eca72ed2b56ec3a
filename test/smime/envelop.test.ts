import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { joined, octetsOf } from '../../src/message/octets.js';
import { envelop } from '../../src/smime/encrypt.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { openssl } from '../kit/openssl-cli.js';
import { type Issued, testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';

const pki = testPki();
const rsa = pki.issue({ address: 'compliance-rsa@example.com' });
const p256 = pki.issue({ address: 'compliance-p256@example.com', key: 'p-256' });
const p521 = pki.issue({ address: 'compliance-p521@example.com', key: 'p-521' });
const everybody = [rsa, p256, p521].map(({ certificate }) => prepareRecipient(certificate));

/** As docs/archive.md tells an auditor to, who has no sealdrop. */
function opened(cms: Buffer, { files }: Issued): Buffer {
  const path = join(makeTemp('envelop'), 'entry.p7m');
  writeFileSync(path, cms);
  return openssl(['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', path, '-inkey', files.privateKey, '-recip', files.certificate]);
}

describe('what is enveloped for several recipients, RSA and elliptic curve, openssl opens with any one of the keys', () => {
  for (const sizeBytes of [0, 1, 15, 16, 17, 4096, 25 << 20]) {
    test(`${sizeBytes} octets`, () => {
      const content = randomBytes(sizeBytes);
      const enveloped = envelop(octetsOf(content), everybody);
      const cms = joined(enveloped);
      expect(cms.length).toBe(enveloped.sizeBytes);
      for (const recipient of [rsa, p256, p521]) expect(opened(cms, recipient).equals(content), recipient.address).toBe(true);
    });
  }
});

test('line ends, 8-bit octets and NUL come back as they were', () => {
  const content = Buffer.from('a\nb\r\nc\rd\0\xe9\xff', 'latin1');
  expect(opened(joined(envelop(octetsOf(content), everybody)), p256)).toEqual(content);
});

test('AES-256 in CBC mode, RSA keys by PKCS #1 v1.5, elliptic curves by ECDH', () => {
  const path = join(makeTemp('envelop'), 'entry.p7m');
  writeFileSync(path, joined(envelop(octetsOf(Buffer.from('x')), everybody)));
  const structure = openssl(['cms', '-cmsout', '-print', '-inform', 'DER', '-in', path]).toString();
  expect(structure).toContain('aes-256-cbc');
  expect(structure.match(/d\.ktri/g)).toHaveLength(1);
  expect(structure.match(/d\.kari/g)).toHaveLength(2);
  expect(structure).toContain('rsaEncryption');
});

test('is refused when there is nobody to encrypt to', () => {
  expect(() => envelop(octetsOf(Buffer.from('x')), [])).toThrow(expect.objectContaining({ code: 'no-recipients' }));
});
