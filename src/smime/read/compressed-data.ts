import { inflateSync } from 'node:zlib';
import { OID } from '../algorithms.js';
import { type BerElement, BerError } from '../cms/ber.js';
import { algorithmIdentifier, sequence, smallInteger } from './asn1.js';
import { readEncapsulatedContent } from './signed-data.js';

/** Octets that may still come out of the compressed parts of a message, all together. */
export interface InflateBudget {
  bytesLeft: number;
}

/**
 * CompressedData (RFC 3274 §1.1), inflated within the budget, which it is charged to. Throws BerError, also when more would come out: what
 * was inflated until then is charged as well, or a message of many such parts would cost the whole budget for each of them.
 */
export function decompress(element: BerElement, budget: InflateBudget): Buffer {
  const members = sequence(element, 'CompressedData');
  smallInteger(members.next());
  const algorithm = algorithmIdentifier(members.next());
  const { content } = readEncapsulatedContent(members.next());
  if (algorithm.oid !== OID.zlibCompress) throw new BerError(`the compression algorithm ${algorithm.oid} is not known here`);
  if (content === undefined) throw new BerError('the compressed content is not in the message');
  const { bytesLeft } = budget;
  try {
    const inflated = inflateSync(content, { maxOutputLength: bytesLeft });
    budget.bytesLeft -= inflated.length;
    return inflated;
  } catch {
    budget.bytesLeft = Math.max(0, bytesLeft - MOST_EXPANSION * content.length);
    throw new BerError(`the compressed content is damaged or larger than ${bytesLeft} bytes`);
  }
}

/** Deflate makes at most 258 octets of two bits (RFC 1951 §3.2.5). */
const MOST_EXPANSION = 1032;
