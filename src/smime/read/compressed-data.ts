import { inflateSync } from 'node:zlib';
import { OID } from '../algorithms.js';
import { type BerElement, BerError } from '../cms/ber.js';
import { algorithmIdentifier, sequence, smallInteger } from './asn1.js';
import { readEncapsulatedContent } from './signed-data.js';

/** CompressedData (RFC 3274 §1.1), inflated to at most `maxBytes`. Throws BerError, also when there would be more. */
export function decompress(element: BerElement, maxBytes: number): Buffer {
  const members = sequence(element, 'CompressedData');
  smallInteger(members.next());
  const algorithm = algorithmIdentifier(members.next());
  const { content } = readEncapsulatedContent(members.next());
  if (algorithm.oid !== OID.zlibCompress) throw new BerError(`the compression algorithm ${algorithm.oid} is not known here`);
  if (content === undefined) throw new BerError('the compressed content is not in the message');
  try {
    return inflateSync(content, { maxOutputLength: maxBytes });
  } catch {
    throw new BerError(`the compressed content is damaged or larger than ${maxBytes} bytes`);
  }
}
