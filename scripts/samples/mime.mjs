import { Buffer } from 'node:buffer';

/** A message or part: header lines (folded ones contain CRLF), a blank line, the body; everything with CRLF. */
export function entity(header, body) {
  return Buffer.concat([Buffer.from(header.map((line) => `${line}\r\n`).join('')), Buffer.from('\r\n'), crlf(body)]);
}

export function multipart(subtype, boundary, parts, parameters = '') {
  const delimited = parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]);
  const body = Buffer.concat([...delimited, Buffer.from(`--${boundary}--\r\n`)]);
  return { header: [`Content-Type: multipart/${subtype}; boundary="${boundary}"${parameters}`], body };
}

export function part(subtype, boundary, parts, parameters) {
  const { header, body } = multipart(subtype, boundary, parts, parameters);
  return entity(header, body);
}

export function textPart(type, body, encoding = '8bit') {
  const encoded = encoding === 'quoted-printable' ? quotedPrintable(body) : body;
  return entity([`Content-Type: ${type}; charset=utf-8`, `Content-Transfer-Encoding: ${encoding}`], encoded);
}

export function attachment(type, fileName, octets, contentId) {
  const disposition = contentId === undefined ? 'attachment' : 'inline';
  return entity(
    [
      `Content-Type: ${type}; name="${fileName}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition}; filename="${fileName}"`,
      ...(contentId === undefined ? [] : [`Content-ID: <${contentId}>`]),
    ],
    base64(octets),
  );
}

/** RFC 2047, in words of at most 75 characters that each hold whole characters. */
export function encodedWords(words) {
  const chunks = [];
  let chunk = '';
  for (const character of words) {
    if (Buffer.byteLength(chunk + character) > 42) {
      chunks.push(chunk);
      chunk = '';
    }
    chunk += character;
  }
  return [...chunks, chunk].map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ');
}

export function unixLines(octets) {
  return Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

function crlf(body) {
  return typeof body === 'string' ? Buffer.from(body.replace(/\r?\n/g, '\r\n')) : body;
}

function base64(octets) {
  return Buffer.from(octets.toString('base64').replace(/.{1,76}/g, '$&\r\n'));
}

function quotedPrintable(words) {
  const lines = words.split('\n').map((line) => {
    const encoded = [...Buffer.from(line)]
      .map((octet) =>
        octet === 61 || octet > 126 || octet < 32 ? `=${octet.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(octet),
      )
      .join('')
      .replace(/ $/, '=20');
    return encoded.replace(/(?:=..|[^=]){72}(?=.)/g, '$&=\n');
  });
  return lines.join('\n');
}
