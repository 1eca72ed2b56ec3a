/** Writes DER (X.690 §10): definite lengths of the fewest octets, SET OF in order. Every function returns the whole element, head included. */

const SEQUENCE = 0x30;
const SET = 0x31;

/** An element of the given identifier octet around its contents. */
export function element(identifier: number, ...contents: readonly Uint8Array[]): Buffer {
  let lengthBytes = 0;
  for (const part of contents) lengthBytes += part.length;
  return Buffer.concat([elementHead(identifier, lengthBytes), ...contents]);
}

/** Identifier and length octets of an element whose contents are written apart from it. */
export function elementHead(identifier: number, lengthBytes: number): Buffer {
  if (lengthBytes < 0x80) return Buffer.of(identifier, lengthBytes);
  const octets: number[] = [];
  for (let rest = lengthBytes; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.of(identifier, 0x80 | octets.length, ...octets);
}

export function sequence(...members: readonly Uint8Array[]): Buffer {
  return element(SEQUENCE, ...members);
}

/** SET OF: sorted by encoding (X.690 §11.6); BouncyCastle and GnuTLS refuse a signature over unsorted attributes. */
export function setOf(members: readonly Uint8Array[]): Buffer {
  return element(SET, ...members.toSorted(Buffer.compare));
}

/** `[number]` EXPLICIT around whole elements. */
export function explicit(number: number, ...members: readonly Uint8Array[]): Buffer {
  return element(0xa0 | number, ...members);
}

/** `[number]` IMPLICIT in place of the tag of a constructed element. */
export function implicit(number: number, constructed: Uint8Array): Buffer {
  const retagged = Buffer.from(constructed);
  retagged[0] = 0xa0 | number;
  return retagged;
}

export function octetString(octets: Uint8Array): Buffer {
  return element(0x04, octets);
}

/** BIT STRING of whole octets. */
export function bitString(octets: Uint8Array): Buffer {
  return element(0x03, Buffer.of(0), octets);
}

/** INTEGER of a small number that is not negative: versions, salt and tag lengths. */
export function integer(value: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff) throw new RangeError(`not an INTEGER of at most two octets: ${value}`);
  return value < 0x80 ? Buffer.of(0x02, 1, value) : Buffer.of(0x02, 2, value >> 8, value & 0xff);
}

export function nullValue(): Buffer {
  return Buffer.of(0x05, 0);
}

/** OBJECT IDENTIFIER from its dotted form. Each is encoded once and kept: a message needs a dozen of the same few. */
export function oid(dotted: string): Buffer {
  let encoded = encodedOids.get(dotted);
  if (encoded === undefined) {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    encoded = element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
    encodedOids.set(dotted, encoded);
  }
  return encoded;
}

const encodedOids = new Map<string, Buffer>();

/**
 * Time as CMS and X.509 write it (RFC 5652 §11.3): UTCTime from 1950 through 2049, GeneralizedTime otherwise; Zulu, whole seconds.
 * Throws RangeError for an invalid Date and for years of more than four digits.
 */
export function time(date: Date): Buffer {
  const iso = date.toISOString(); // yyyy-mm-ddThh:mm:ss.sssZ; other years have a sign and more digits
  if (iso.length !== 24) throw new RangeError(`no year of four digits: ${iso}`);
  const year = date.getUTCFullYear();
  const sinceYear = `${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
  if (year >= 1950 && year <= 2049) return element(0x17, Buffer.from(iso.slice(2, 4) + sinceYear, 'latin1'));
  return element(0x18, Buffer.from(iso.slice(0, 4) + sinceYear, 'latin1'));
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}
