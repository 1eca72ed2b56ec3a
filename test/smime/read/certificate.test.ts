import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BerError } from '../../../src/smime/cms/ber.js';
import { readCertificate } from '../../../src/smime/read/certificate.js';
import { nameText, printable, sameName } from '../../../src/smime/read/name.js';
import { ctx, der, oid, seq, set } from './der-kit.js';
import { EC, Kit, mailExtensions, type Party } from './kit.js';

const ALT_NAMES = seq(
  der(0x81, 'alice@example.com'),
  ctx(0, oid('1.3.6.1.5.5.7.8.9'), ctx(0, der(0x0c, 'älice@example.com'))),
  der(0x82, 'example.com'),
);

let kit: Kit;
let alice: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.party({
    key: EC('P-256'),
    subject: '/C=DE/O=Example Ltd/CN=Alice/emailAddress=alice@example.org',
    extensions: [...mailExtensions(), 'keyUsage=critical,digitalSignature,keyAgreement', `subjectAltName=DER:${ALT_NAMES.toString('hex')}`],
    issuer: kit.intermediate,
  });
});
afterAll(() => kit.dispose());

describe('readCertificate', () => {
  it('reads what node:crypto reads', () => {
    const read = readCertificate(alice.certificate);
    const x509 = new X509Certificate(alice.certificate);
    expect(read.serial.toString('hex').toUpperCase()).toBe(x509.serialNumber);
    expect(read.notBefore).toEqual(new Date(x509.validFrom));
    expect(read.notAfter).toEqual(new Date(x509.validTo));
    expect(nameText(read.subject)).toBe('emailAddress=alice@example.org, CN=Alice, O=Example Ltd, C=DE');
    expect(nameText(read.issuer)).toBe('CN=Example Mail CA, O=Example Trust');
    expect(read.isCa).toBe(false);
    expect(readCertificate(kit.intermediate.certificate).isCa).toBe(true);
  });

  it('finds addresses in rfc822Name, SmtpUTF8Mailbox and the subject', () => {
    expect(readCertificate(alice.certificate).addresses).toEqual(['alice@example.com', 'älice@example.com', 'alice@example.org']);
  });

  it('reads key usages', () => {
    const { keyUsage, extKeyUsage } = readCertificate(alice.certificate);
    expect(keyUsage).toBe(0x88);
    expect(extKeyUsage).toEqual(['1.3.6.1.5.5.7.3.4']);
  });

  it('makes a key identifier of the key when the extension is missing', () => {
    const withExtension = readCertificate(alice.certificate);
    const request = { key: EC('P-256'), extensions: ['basicConstraints=CA:false'], issuer: kit.intermediate };
    const without = kit.party(request);
    const identifier = kit.openssl(['x509', '-in', without.certFile, '-noout', '-ocspid']).toString();
    expect(identifier.toLowerCase()).toContain(readCertificate(without.certificate).subjectKeyIdentifier.toString('hex'));
    expect(withExtension.subjectKeyIdentifier).toHaveLength(20);
  });

  it('refuses a certificate that has an extension twice', () => {
    const extensions = ['1.2.3.4=DER:0500', '1.2.3.5=DER:0500'];
    const { certificate } = kit.party({ key: EC('P-256'), extensions });
    const twice = Buffer.from(certificate);
    const second = twice.indexOf(Buffer.from('06032a0305', 'hex'));
    twice[second + 4] = 4;
    expect(() => readCertificate(certificate)).not.toThrow();
    expect(() => readCertificate(twice)).toThrow(/twice/);
  });

  it('refuses a certificate cut short at any octet', () => {
    for (let length = 0; length < alice.certificate.length; length += 1) {
      expect(() => readCertificate(alice.certificate.subarray(0, length))).toThrow(BerError);
    }
  });
});

describe('names', () => {
  const name = (...attributes: Buffer[]) => seq(...attributes);
  const attribute = (type: string, tag: number, value: string) => seq(oid(type), der(tag, Buffer.from(value)));
  const commonName = (tag: number, value: string) => set(attribute('2.5.4.3', tag, value));

  it('are the same in another string type, letter case or grouping', () => {
    expect(sameName(name(commonName(0x13, 'Example CA')), name(commonName(0x0c, 'example  ca')))).toBe(true);
    const grouped = name(set(attribute('2.5.4.10', 0x0c, 'Lab'), attribute('2.5.4.11', 0x0c, 'Mail')));
    const apart = name(set(attribute('2.5.4.10', 0x0c, 'Lab')), set(attribute('2.5.4.11', 0x0c, 'Mail')));
    expect(sameName(grouped, apart)).toBe(true);
  });

  it('differ by value, type and number of attributes', () => {
    expect(sameName(name(commonName(0x0c, 'A')), name(commonName(0x0c, 'B')))).toBe(false);
    expect(sameName(name(commonName(0x0c, 'A')), name(set(attribute('2.5.4.10', 0x0c, 'A'))))).toBe(false);
    expect(sameName(name(commonName(0x0c, 'A')), name(commonName(0x0c, 'A'), commonName(0x0c, 'A')))).toBe(false);
  });

  it('are shown without control characters', () => {
    expect(nameText(name(commonName(0x0c, 'A\u001b[31m\r\nB\u202e')))).toBe('CN=A?[31m??B?');
    expect(printable('a\u009b1m\u061cb\u202ec')).toBe('a?1m?b?c');
    expect(printable('x'.repeat(10_000))).toHaveLength(500);
  });

  it('that cannot be read are said to be so', () => {
    expect(nameText(Buffer.of(0x30, 5))).toBe('(unreadable name)');
  });
});
