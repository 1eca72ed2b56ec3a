import { describe, expect, it } from 'vitest';
import { joined, octetsOf } from '../../src/message/octets.js';
import { multipartSignedEntity, pkcs7MimeEntity, unusedBoundary } from '../../src/smime/mime-form.js';

describe('pkcs7MimeEntity', () => {
  it.each(['signed-data', 'enveloped-data', 'authEnveloped-data'] as const)('labels %s as RFC 8551 §3.2 says', (smimeType) => {
    const entity = joined(pkcs7MimeEntity(smimeType, octetsOf(Buffer.from('abc')))).toString('latin1');
    expect(entity).toBe(
      `Content-Type: application/pkcs7-mime; smime-type=${smimeType};\r\n name=smime.p7m\r\n` +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7m\r\n\r\nYWJj\r\n',
    );
  });
});

describe('multipartSignedEntity', () => {
  const entity = octetsOf(Buffer.from('A: b\r\n\r\nc\r\n'));
  const text = joined(multipartSignedEntity(entity, Buffer.from('abc'), 'sha-256')).toString('latin1');
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1];

  it('has exactly the two parts of RFC 8551 §3.5.3', () => {
    expect(text).toBe(
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
        ` micalg=sha-256; boundary="${boundary}"\r\n\r\n` +
        `--${boundary}\r\nA: b\r\n\r\nc\r\n\r\n` +
        `--${boundary}\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n` +
        `Content-Disposition: attachment; filename=smime.p7s\r\n\r\nYWJj\r\n--${boundary}--\r\n`,
    );
  });

  it('has a boundary within the 70 characters of RFC 2046 §5.1.1 and new each time', () => {
    expect(boundary?.length).toBeLessThanOrEqual(70);
    expect(joined(multipartSignedEntity(entity, Buffer.from('abc'), 'sha-256')).toString('latin1')).not.toContain(boundary);
  });

  it('quotes a list in micalg, for a comma is no token (RFC 2045 §5.1)', () => {
    const several = joined(multipartSignedEntity(entity, Buffer.from('abc'), 'sha-256,sha-512')).toString('latin1');
    expect(several).toContain(' micalg="sha-256,sha-512"; boundary=');
  });

  it('keeps header lines within 78 characters', () => {
    expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
  });
});

describe('unusedBoundary', () => {
  it('draws again while the boundary occurs in the entity', () => {
    const draws = ['one', 'two', 'three'];
    const entity = octetsOf(Buffer.from('text\r\n--=_one\r\n'), Buffer.from('more =_two text\r\n'));
    expect(unusedBoundary(entity, () => draws.shift() ?? '')).toBe('=_three');
  });
});
