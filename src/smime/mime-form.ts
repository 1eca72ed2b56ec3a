import { randomBytes } from 'node:crypto';
import { type Octets, octetsOf } from '../message/octets.js';
import { base64Lines } from './base64-lines.js';

/** RFC 8551 §3.2.2, the types written here. */
export type SmimeType = 'signed-data' | 'enveloped-data' | 'authEnveloped-data';

/** An application/pkcs7-mime entity (RFC 8551 §3.2) around CMS. */
export function pkcs7MimeEntity(smimeType: SmimeType, cms: Octets): Octets {
  return octetsOf(PKCS7_MIME_HEADER[smimeType], base64Lines(cms));
}

/**
 * A multipart/signed entity (RFC 8551 §3.5.3, RFC 1847 §2.1). `micalg` is one name or a list with commas, which has to be quoted. The CRLF before the boundary is not
 * part of what was signed.
 */
export function multipartSignedEntity(entity: Octets, signature: Buffer, micalg: string): Octets {
  const boundary = unusedBoundary(entity);
  return octetsOf(
    Buffer.from(
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
        ` micalg=${micalg.includes(',') ? `"${micalg}"` : micalg}; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`,
      'latin1',
    ),
    entity,
    Buffer.from(`\r\n--${boundary}\r\n${SIGNATURE_HEADER}`, 'latin1'),
    base64Lines(octetsOf(signature)),
    Buffer.from(`--${boundary}--\r\n`, 'latin1'),
  );
}

/**
 * A boundary that does not occur in the entity. `=_` can stand in neither quoted-printable nor base64 (RFC 2045 §6.7), and the rest is
 * random, so that a sender cannot foresee it. Looked for within each piece: a header ends in CRLF, where no boundary goes on.
 */
export function unusedBoundary(entity: Octets, random: () => string = () => randomBytes(16).toString('hex')): string {
  for (;;) {
    const boundary = `=_${random()}`;
    if (![...entity.pieces()].some((piece) => piece.includes(boundary, 0, 'latin1'))) return boundary;
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
