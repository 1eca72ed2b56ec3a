/** The parts of a certificate that CMS repeats, as the certificate itself encodes them (RFC 5280 §4.1). Each is a whole element. */
export interface CertificateFields {
  readonly serialNumber: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
}

/**
 * Slices them out of a certificate's DER, so that an issuer name is repeated byte for byte: rebuilt from its attributes it may come out
 * different, and then no recipient finds its RecipientInfo. Only as much is read as is needed; whether the rest is a certificate is for
 * X509Certificate to say. Throws RangeError when the bytes are not DER of that shape or do not end where the certificate does.
 */
export function certificateFields(der: Buffer): CertificateFields {
  const certificate = elementAt(der, 0, der.length, 0x30);
  if (certificate.end !== der.length) throw new RangeError('there are bytes after the certificate');
  const toBeSigned = elementAt(der, certificate.contentStart, certificate.end, 0x30);
  let offset = toBeSigned.contentStart;
  if (der[offset] === 0xa0) offset = elementAt(der, offset, toBeSigned.end, 0xa0).end;
  const next = (identifier: number): Buffer => {
    const found = elementAt(der, offset, toBeSigned.end, identifier);
    const encoded = der.subarray(offset, found.end);
    offset = found.end;
    return encoded;
  };
  const serialNumber = next(0x02);
  next(0x30); // signature
  const issuer = next(0x30);
  next(0x30); // validity
  return { serialNumber, issuer, subject: next(0x30) };
}

/** One element of single-octet identifier and definite length that lies within `limit`. */
function elementAt(der: Buffer, offset: number, limit: number, identifier: number): { contentStart: number; end: number } {
  if (offset + 2 > limit) throw new RangeError('the certificate ends too early');
  if (der[offset] !== identifier) throw new RangeError('not the structure of a certificate');
  const first = der.readUInt8(offset + 1);
  let contentStart = offset + 2;
  let lengthBytes = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count < 1 || count > 4) throw new RangeError('a length that no certificate has');
    if (contentStart + count > limit) throw new RangeError('the certificate ends too early');
    lengthBytes = der.readUIntBE(contentStart, count);
    contentStart += count;
  }
  if (contentStart + lengthBytes > limit) throw new RangeError('the certificate ends too early');
  return { contentStart, end: contentStart + lengthBytes };
}
