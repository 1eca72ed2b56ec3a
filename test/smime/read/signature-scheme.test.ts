import { describe, expect, it } from 'vitest';
import { BerError, readBer } from '../../../src/smime/cms/ber.js';
import { algorithmIdentifier } from '../../../src/smime/read/asn1.js';
import { signatureScheme } from '../../../src/smime/read/signature-scheme.js';
import { ctx, int, oid, seq } from './der-kit.js';

const SHA256 = seq(oid('2.16.840.1.101.3.4.2.1'));
const SHA512 = seq(oid('2.16.840.1.101.3.4.2.3'));
const mgf1 = (digest: Buffer) => seq(oid('1.2.840.113549.1.1.8'), digest);
const pss = (...parameters: Buffer[]) => signatureScheme(algorithmIdentifier(readBer(seq(oid('1.2.840.113549.1.1.10'), ...parameters))));

describe('signatureScheme of RSASSA-PSS', () => {
  it('reads digest and salt length', () => {
    const parameters = seq(ctx(0, SHA512), ctx(1, mgf1(SHA512)), ctx(2, int(64)));
    expect(pss(parameters)).toEqual({ name: 'rsa-pss', digest: 'sha512', saltLength: 64 });
  });

  it('takes SHA-1 and a salt of 20 for what is left out (RFC 4055 §3.1)', () => {
    expect(pss(seq())).toEqual({ name: 'rsa-pss', digest: 'sha1', saltLength: 20 });
  });

  it('does not know one that masks with another digest than it hashes with, or with another function', () => {
    expect(pss(seq(ctx(0, SHA256), ctx(1, mgf1(SHA512))))).toBeUndefined();
    expect(pss(seq(ctx(0, SHA256), ctx(1, seq(oid('1.2.3.4'), SHA256))))).toBeUndefined();
  });

  it('refuses one without parameters or with another trailer', () => {
    expect(() => pss()).toThrow(BerError);
    expect(() => pss(seq(ctx(3, int(2))))).toThrow(BerError);
  });
});
