import type { SignatureWanted } from './writer.js';

/** MIME around the bare CMS of programs that write no MIME themselves. */
export function signedEntity(content: Buffer, cms: Buffer, { form, digest }: SignatureWanted): Buffer {
  if (form === 'opaque') return pkcs7Mime('signed-data', cms);
  const type = `multipart/signed; protocol="application/pkcs7-signature"; micalg=${digest.replace('sha', 'sha-')}; boundary="=_b"`;
  return Buffer.concat([
    Buffer.from(`Content-Type: ${type}\r\n\r\n--=_b\r\n`),
    content,
    Buffer.from('\r\n--=_b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n'),
    inLines(cms),
    Buffer.from('--=_b--\r\n'),
  ]);
}

export function encryptedEntity(cms: Buffer, authenticated: boolean): Buffer {
  return pkcs7Mime(authenticated ? 'authEnveloped-data' : 'enveloped-data', cms);
}

function pkcs7Mime(type: string, cms: Buffer): Buffer {
  const header = `Content-Type: application/pkcs7-mime; smime-type=${type}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  return Buffer.concat([Buffer.from(header), inLines(cms)]);
}

function inLines(bytes: Buffer): Buffer {
  return Buffer.from(`${bytes.toString('base64').replace(/.{76}(?!$)/g, '$&\r\n')}\r\n`);
}
