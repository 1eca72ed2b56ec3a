import { isAscii, isUtf8 } from 'node:buffer';
import { parseEncoding } from './content-type.js';
import { fieldsNamed, type HeaderField, makeField, rawValue } from './field.js';
import { decodeQuotedPrintable } from './transfer-encoding.js';

/**
 * The Content-Type that mail without one has by default (RFC 2045 §5.2), with the charset its body is really in, and an
 * 8bit label where it has 8-bit octets and no label.
 */
export function suppliedContentFields(fields: readonly HeaderField[], body: Buffer, fallbackCharset: string): HeaderField[] {
  const label = fieldsNamed(fields, 'Content-Transfer-Encoding')[0];
  const text = label === undefined ? body : decodeForDetection(parseEncoding(rawValue(label)), body);
  const supplied = [makeField('Content-Type', `text/plain; charset=${detectCharset(text, fallbackCharset)}`)];
  if (label === undefined && !isAscii(body)) supplied.push(makeField('Content-Transfer-Encoding', '8bit'));
  return supplied;
}

function detectCharset(text: Buffer, fallbackCharset: string): string {
  if (isAscii(text)) return 'us-ascii';
  return isUtf8(text) ? 'utf-8' : fallbackCharset;
}

function decodeForDetection(encoding: string, body: Buffer): Buffer {
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64');
  return encoding === 'quoted-printable' ? decodeQuotedPrintable(body) : body;
}
