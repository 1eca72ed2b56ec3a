import { randomBytes } from 'node:crypto';
import { base64LinesLength, writeBase64Lines } from './base64-lines.js';

/** RFC 8551 §3.2.2, the types written here. */
export type SmimeType = 'signed-data' | 'enveloped-data' | 'authEnveloped-data';

/**
 * An application/pkcs7-mime entity (RFC 8551 §3.2) around CMS of `octets` octets that arrives in pieces. One buffer is made, of exactly the
 * size of the result.
 */
export function pkcs7MimeEntity(smimeType: SmimeType, pieces: Iterable<Buffer>, octets: number): Buffer {
  const header = PKCS7_MIME_HEADER[smimeType];
  const entity = Buffer.allocUnsafe(header.length + base64LinesLength(octets));
  header.copy(entity);
  writeBase64Lines(pieces, entity, header.length);
  return entity;
}

/** A multipart/signed entity (RFC 8551 §3.5.3, RFC 1847 §2.1). The CRLF before the boundary is not part of what was signed. */
export function multipartSignedEntity(entity: Buffer, signature: Buffer, micalg: string): Buffer {
  const boundary = unusedBoundary(entity);
  const head = Buffer.from(
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
      ` micalg=${micalg}; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`,
    'latin1',
  );
  const between = Buffer.from(`\r\n--${boundary}\r\n${SIGNATURE_HEADER}`, 'latin1');
  const close = Buffer.from(`--${boundary}--\r\n`, 'latin1');
  const whole = Buffer.allocUnsafe(head.length + entity.length + between.length + base64LinesLength(signature.length) + close.length);
  let offset = head.copy(whole);
  offset += entity.copy(whole, offset);
  offset += between.copy(whole, offset);
  offset = writeBase64Lines([signature], whole, offset);
  close.copy(whole, offset);
  return whole;
}

/**
 * A boundary that does not occur in the entity. `=_` can stand in neither quoted-printable nor base64 (RFC 2045 §6.7), and the rest is
 * random, so that a sender cannot foresee it.
 */
export function unusedBoundary(entity: Buffer, random: () => string = () => randomBytes(16).toString('hex')): string {
  for (;;) {
    const boundary = `=_${random()}`;
    if (!entity.includes(boundary, 0, 'latin1')) return boundary;
  }
}

const PKCS7_MIME_HEADER: Readonly<Record<SmimeType, Buffer>> = {
  'signed-data': pkcs7MimeHeader('signed-data'),
  'enveloped-data': pkcs7MimeHeader('enveloped-data'),
  'authEnveloped-data': pkcs7MimeHeader('authEnveloped-data'),
};

function pkcs7MimeHeader(smimeType: SmimeType): Buffer {
  return Buffer.from(
    `Content-Type: application/pkcs7-mime; smime-type=${smimeType};\r\n name=smime.p7m\r\n${transferHeader('smime.p7m')}`,
    'latin1',
  );
}

const SIGNATURE_HEADER = `Content-Type: application/pkcs7-signature; name=smime.p7s\r\n${transferHeader('smime.p7s')}`;

function transferHeader(filename: string): string {
  return `Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=${filename}\r\n\r\n`;
}
