/**
 * A reader of BER (X.690 §8), of which DER is a part: indefinite lengths and constructed strings are read as openssl's `-stream` and
 * Outlook write them. Nothing is copied and nothing is built ahead: an element is four offsets into the bytes, its children are read when
 * asked for. Time and memory are bounded by `MAX_READS` whatever the input claims, recursion by `MAX_DEPTH`.
 */

/** One element. `start..end` is all of it, `contentStart..contentEnd` its contents (without the end-of-contents octets). */
export interface BerElement {
  readonly source: BerSource;
  /** Class bits and tag number as in a DER identifier octet, without the constructed bit: 0x10 SEQUENCE, 0x80 [0], 0xa1 … never. */
  readonly tag: number;
  readonly constructed: boolean;
  readonly indefinite: boolean;
  readonly start: number;
  readonly contentStart: number;
  readonly contentEnd: number;
  readonly end: number;
}

/** The bytes being read and what reading them has cost so far. */
interface BerSource {
  readonly bytes: Buffer;
  reads: number;
  readonly knownEnds: Map<number, number>;
}

/** The input is not BER, or not of the expected shape, or costs too much to read. Never leaves `src/smime`. */
export class BerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BerError';
  }
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x10,
  set: 0x11,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** The identifier of a context-specific tag, e.g. `contextTag(0)` for `[0]`. */
export function contextTag(number: number): number {
  return 0x80 | number;
}

/** Headers read per document: a 100 MiB message in 100-byte segments needs a third of it, and all of it takes about a second. */
const MAX_READS = 5_000_000;
/** CMS with certificates nests about 15 deep; deeper than this is an attack on the stack. */
const MAX_DEPTH = 64;
const MAX_KNOWN_ENDS = 10_000;

/** The first element of `bytes`. Bytes after it are not looked at. Throws BerError. */
export function readBer(bytes: Buffer): BerElement {
  return readElement({ bytes, reads: 0, knownEnds: new Map() }, 0, bytes.length, 0);
}

/** The children of a constructed element, in order; more than `limit` of them is an error. Throws BerError. */
export function childrenOf(element: BerElement, limit = 10_000): BerElement[] {
  const children: BerElement[] = [];
  eachChild(element, (child) => {
    if (children.length === limit) throw new BerError(`more than ${limit} elements in one list`);
    children.push(child);
  });
  return children;
}

/**
 * The octets of a string type. A primitive one is a slice of the input; a constructed one (X.690 §8.7.3) is put together from its segments,
 * which must be of the universal type `segmentTag` at every level. Throws BerError.
 */
export function octetsOf(element: BerElement, segmentTag: number = TAG.octetString): Buffer {
  if (!element.constructed) return contentOf(element);
  // Two passes instead of a list of segments: a hostile message may have millions of them.
  let length = 0;
  eachSegment(element, segmentTag, 0, (segment) => {
    length += segment.contentEnd - segment.contentStart;
  });
  const octets = Buffer.allocUnsafe(length);
  let offset = 0;
  eachSegment(element, segmentTag, 0, (segment) => {
    offset += element.source.bytes.copy(octets, offset, segment.contentStart, segment.contentEnd);
  });
  return octets;
}

/** All bytes of the element as they stand, identifier to last content octet. */
export function encodedOf(element: BerElement): Buffer {
  return element.source.bytes.subarray(element.start, element.end);
}

/** The content octets as they stand. */
export function contentOf(element: BerElement): Buffer {
  return element.source.bytes.subarray(element.contentStart, element.contentEnd);
}

function eachSegment(element: BerElement, segmentTag: number, depth: number, use: (segment: BerElement) => void): void {
  if (depth > MAX_DEPTH) throw new BerError('a string is nested too deeply');
  eachChild(element, (child) => {
    if (child.tag !== segmentTag) throw new BerError('a constructed string contains something other than its segments');
    if (child.constructed) eachSegment(child, segmentTag, depth + 1, use);
    else use(child);
  });
}

function eachChild(element: BerElement, use: (child: BerElement) => void): void {
  if (!element.constructed) throw new BerError('a primitive element where a constructed one is expected');
  let offset = element.contentStart;
  while (offset < element.contentEnd) {
    const child = readElement(element.source, offset, element.contentEnd, 0);
    use(child);
    offset = child.end;
  }
}

function readElement(source: BerSource, start: number, limit: number, depth: number): BerElement {
  const header = readHeader(source, start, limit);
  const { tag, constructed, contentStart } = header;
  if (header.length !== undefined) {
    const end = contentStart + header.length;
    return { source, tag, constructed, indefinite: false, start, contentStart, contentEnd: end, end };
  }
  const contentEnd = source.knownEnds.get(start) ?? findEndOfContents(source, contentStart, limit, depth);
  // The same element is met again when its parent's children are asked for: each would be scanned once per level.
  if (source.knownEnds.size < MAX_KNOWN_ENDS) source.knownEnds.set(start, contentEnd);
  return { source, tag, constructed, indefinite: true, start, contentStart, contentEnd, end: contentEnd + 2 };
}

function findEndOfContents(source: BerSource, contentStart: number, limit: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new BerError('elements are nested too deeply');
  let offset = contentStart;
  for (;;) {
    if (source.bytes[offset] === 0 && source.bytes[offset + 1] === 0 && offset + 2 <= limit) return offset;
    offset = readElement(source, offset, limit, depth + 1).end;
  }
}

interface Header {
  readonly tag: number;
  readonly constructed: boolean;
  readonly contentStart: number;
  /** undefined: indefinite */
  readonly length: number | undefined;
}

function readHeader(source: BerSource, start: number, limit: number): Header {
  source.reads += 1;
  if (source.reads > MAX_READS) throw new BerError('the structure has too many elements');
  const { bytes } = source;
  const identifier = octetAt(bytes, start, limit);
  const constructed = (identifier & 0x20) !== 0;
  let tag = identifier & 0xdf;
  let offset = start + 1;
  if ((identifier & 0x1f) === 0x1f) {
    // High tag numbers stand in nothing we understand, but may stand in an attribute or extension we pass over.
    let octets = 0;
    while ((octetAt(bytes, offset, limit) & 0x80) !== 0) {
      offset += 1;
      octets += 1;
      if (octets > 4) throw new BerError('a tag number is too large');
    }
    offset += 1;
    tag = 0x1f;
  } else if (identifier === 0) {
    throw new BerError('end-of-contents octets where an element is expected');
  }
  const first = octetAt(bytes, offset, limit);
  offset += 1;
  if (first < 0x80) return bounded({ tag, constructed, contentStart: offset, length: first }, limit);
  if (first === 0x80) {
    if (!constructed) throw new BerError('a primitive element of indefinite length');
    return { tag, constructed, contentStart: offset, length: undefined };
  }
  const octets = first & 0x7f;
  if (octets > 8) throw new BerError('a length of more than eight octets');
  let length = 0;
  for (let index = 0; index < octets; index += 1) length = length * 256 + octetAt(bytes, offset + index, limit);
  return bounded({ tag, constructed, contentStart: offset + octets, length }, limit);
}

function bounded(header: Header & { readonly length: number }, limit: number): Header {
  if (header.contentStart + header.length > limit) throw new BerError('a length runs past the end of what contains it');
  return header;
}

function octetAt(bytes: Buffer, offset: number, limit: number): number {
  const octet = offset < limit ? bytes[offset] : undefined;
  if (octet === undefined) throw new BerError('the structure ends in the middle of an element');
  return octet;
}
