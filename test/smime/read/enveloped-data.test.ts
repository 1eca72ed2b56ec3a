import { describe, expect, it } from 'vitest';
import { BerError, readBer } from '../../../src/smime/cms/ber.js';
import { readAuthEnvelopedData, readEnvelopedData } from '../../../src/smime/read/enveloped-data.js';
import { ctx, der, indefinite, int, octets, oid, seq, set } from './der-kit.js';
import { attribute, CONTENT_TYPE } from './signed-builder.js';

const DATA = '1.2.840.113549.1.7.1';
const OTHER = '1.2.840.113549.1.9.16.1.4';
const GCM = seq(oid('2.16.840.1.101.3.4.1.46'), seq(octets(Buffer.alloc(12)), int(16)));
const TAG = octets(Buffer.alloc(16));

function encrypted(contentType = DATA, ...content: Buffer[]): Buffer {
  return seq(oid(contentType), GCM, ...(content.length > 0 ? content : [der(0x80, 'ciphertext')]));
}

function read(contentType: string, ...attributes: Buffer[]) {
  return readAuthEnvelopedData(readBer(seq(int(0), set(), encrypted(contentType), ...attributes, TAG)));
}

describe('readAuthEnvelopedData', () => {
  it('authenticates the attributes as a SET, not as they stand (RFC 5083 §2.2)', () => {
    const attributes = attribute(CONTENT_TYPE, oid(DATA));
    expect(read(DATA, ctx(1, attributes)).authentication?.additionalData).toEqual(set(attributes));
    expect(read(DATA).authentication?.additionalData).toHaveLength(0);
  });

  it.each([
    ['without a contentType', [attribute('1.2.3.4', octets('x'))]],
    ['with another contentType', [attribute(CONTENT_TYPE, oid(OTHER))]],
    ['with two contentTypes', [attribute(CONTENT_TYPE, oid(DATA)), attribute(CONTENT_TYPE, oid(OTHER))]],
    ['with a contentType of two values', [attribute(CONTENT_TYPE, oid(DATA), oid(OTHER))]],
  ])('refuses attributes %s', (_name, attributes) => {
    expect(() => read(DATA, ctx(1, ...attributes))).toThrow(/contentType/);
  });

  it('refuses attributes that are not DER', () => {
    expect(() => read(DATA, indefinite(0xa1, attribute(CONTENT_TYPE, oid(DATA))))).toThrow(/not DER/);
  });

  it('refuses content other than id-data without attributes', () => {
    expect(() => read(OTHER)).toThrow(/attributes are missing/);
    expect(read(OTHER, ctx(1, attribute(CONTENT_TYPE, oid(OTHER)))).contentType).toBe(OTHER);
  });

  it('refuses a structure without its tag', () => {
    expect(() => readAuthEnvelopedData(readBer(seq(int(0), set(), encrypted())))).toThrow(BerError);
  });
});

describe('readEnvelopedData', () => {
  it('reads ciphertext in segments', () => {
    const segments = indefinite(0xa0, octets('cipher'), octets('text'));
    expect(readEnvelopedData(readBer(seq(int(0), set(), encrypted(DATA, segments)))).ciphertext.toString()).toBe('ciphertext');
  });

  it('passes over originatorInfo', () => {
    expect(readEnvelopedData(readBer(seq(int(2), ctx(0, ctx(0)), set(), encrypted()))).ciphertext.toString()).toBe('ciphertext');
  });

  it('refuses content that is not there', () => {
    expect(() => readEnvelopedData(readBer(seq(int(0), set(), seq(oid(DATA), GCM))))).toThrow(/not in the message/);
  });

  it('refuses an unknown kind of RecipientInfo and names the known ones it cannot use', () => {
    const recipients = (info: Buffer) => readEnvelopedData(readBer(seq(int(0), set(info), encrypted()))).recipients;
    expect(() => recipients(ctx(7))).toThrow(/unknown kind/);
    expect(recipients(ctx(3, int(0)))).toEqual([{ kind: 'unsupported', description: expect.stringContaining('password') }]);
  });
});
