import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describe as describeMessage } from '../../src/smime/structure.js';
import { ctx, int, octets, oid, seq } from './read/der-kit.js';
import { asMessage, cmsOf, EC, ENTITY, Kit, type Party, withCms } from './read/kit.js';
import { pkcs7Mime } from './read/signed-builder.js';

let kit: Kit;
let alice: Party;
let bob: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@example.com', EC('P-256'));
  bob = kit.user('bob@example.net');
});
afterAll(() => kit.dispose());

const MIXED = Buffer.from(
  [
    'Content-Type: multipart/mixed; boundary=m',
    '',
    '--m',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Hello',
    '--m',
    'Content-Type: application/pdf',
    'Content-Disposition: attachment; filename="invoice.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    'JVBERi0=',
    '--m--',
    '',
  ].join('\r\n'),
);

function compressed(deflated: Buffer): Buffer {
  const info = seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets(deflated)));
  return seq(oid('1.2.840.113549.1.9.16.1.9'), ctx(0, seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), info)));
}

describe('describe', () => {
  it('shows the MIME parts as a tree', () => {
    expect(describeMessage(asMessage(MIXED))).toBe(
      [
        '1 multipart/mixed, 7bit, 247 bytes',
        '├─ 1.1 text/plain; charset=utf-8, quoted-printable, 5 bytes',
        '└─ 1.2 application/pdf, base64, 8 bytes, "invoice.pdf"',
        '',
      ].join('\n'),
    );
  });

  it('descends into what is signed opaque', () => {
    const text = describeMessage(asMessage(kit.sign(MIXED, alice, '-nodetach')));
    expect(text).toMatch(/^1 application\/pkcs7-mime, base64, [\d,]+ bytes, "smime\.p7m"\n└─ signed \(opaque\), not verified here\n/);
    expect(text).toMatch(/├─ signer: CN=Example Mail CA, O=Example Trust serial \w+, sha256, ecdsa, claims \d{4}-/);
    expect(text).toContain('   └─ 1 multipart/mixed, 7bit, 247 bytes\n      ├─ 1.1 text/plain');
  });

  it('shows a detached signature beside what it covers', () => {
    const text = describeMessage(asMessage(kit.sign(MIXED, alice)));
    expect(text).toContain('├─ 1.1 multipart/mixed');
    expect(text).toContain('└─ 1.2 application/pkcs7-signature');
    expect(text).toContain('signature (detached), not verified here');
  });

  it('names ciphers and recipients of what is encrypted', () => {
    const text = describeMessage(
      asMessage(
        kit.encrypt(
          MIXED,
          [
            ['-recip', bob.certFile],
            ['-recip', alice.certFile],
          ],
          '-aes-256-cbc',
        ),
      ),
    );
    expect(text).toMatch(/encrypted: aes-256-cbc, rsa-pkcs1, ecdh-sha1kdf aes-256-wrap, \d+ bytes, 2 recipients\n/);
    expect(text.match(/recipient: CN=Example Mail CA, O=Example Trust serial/g)).toHaveLength(2);
    const authenticated = describeMessage(asMessage(kit.encrypt(MIXED, [['-recip', bob.certFile]], '-aes-128-gcm')));
    expect(authenticated).toContain('encrypted and authenticated: aes-128-gcm, rsa-pkcs1');
  });

  it('descends into compressed content and certificates only', () => {
    expect(describeMessage(asMessage(pkcs7Mime(compressed(deflateSync(ENTITY)))))).toContain(
      '└─ compressed: zlib\n   └─ 1 text/plain; charset=utf-8, 8bit',
    );
    const certificates = kit.openssl(['crl2pkcs7', '-nocrl', '-certfile', alice.certFile, '-outform', 'DER']);
    expect(describeMessage(asMessage(pkcs7Mime(certificates)))).toContain('└─ certificates only\n   └─ certificate: CN=alice');
  });

  it('inflates no more for many bombs than for one', () => {
    const bomb = deflateSync(Buffer.alloc(65 * 1024 * 1024), { level: 9 });
    const part = pkcs7Mime(compressed(bomb));
    const parts = Array.from({ length: 100 }, () => [Buffer.from('--m\r\n'), part]).flat();
    const message = Buffer.concat([Buffer.from('Content-Type: multipart/mixed; boundary=m\r\n\r\n'), ...parts, Buffer.from('--m--\r\n')]);
    const sizes = [...describeMessage(message).matchAll(/damaged or larger than (\d+) bytes/g)].map(([, size]) => Number(size));
    expect(sizes).toEqual([64 * 1024 * 1024, ...Array.from({ length: 99 }, () => expect.any(Number))]);
    // The sum of what each of them might inflate to.
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(130 * 1024 * 1024);
  });

  it('says what cannot be read in its place', () => {
    expect(describeMessage(asMessage(pkcs7Mime(Buffer.from('junk'))))).toContain('not readable as CMS: ');
    expect(describeMessage(asMessage(pkcs7Mime(seq(oid('1.2.840.113549.1.7.6'), ctx(0, seq())))))).toContain('EncryptedData');
  });

  it('shows no control characters of the message', () => {
    const entity = Buffer.from('Content-Type: text/plain; name="\u001b[2Jx.txt"\r\n\r\nx\r\n');
    expect(describeMessage(asMessage(entity))).toContain('"?[2Jx.txt"');
  });

  it('says that a closing boundary is missing', () => {
    expect(describeMessage(asMessage(MIXED.subarray(0, MIXED.length - 6)))).toContain('closing boundary missing');
  });

  it('ends for a message with any bits changed', () => {
    const message = asMessage(kit.sign(MIXED, alice, '-nodetach'));
    const cms = cmsOf(message);
    fc.assert(
      fc.property(fc.nat(cms.length - 1), fc.nat(255), (offset, value) => {
        const altered = Buffer.from(cms);
        altered[offset] = value;
        expect(describeMessage(withCms(message, altered))).toMatch(/^1 application\/pkcs7-mime/);
      }),
      { numRuns: 500 },
    );
  });
});
