import type { Octets } from '../../message/octets.js';
import type { HttpBody } from './http-poster.js';

/** Escapes in a JSON string (RFC 8259 §7) for what can stand in a message of printable ASCII, tabs and CRLF. */
const ESCAPES = /[\r\n\t"\\\x00-\x1f\x7f]/g;

/**
 * A JSON document with a 7-bit message as one of its strings, made piece by piece: however large the message is, one piece of it is in
 * memory. `around` is called with a placeholder and returns the document's value with that in the message's place.
 */
export function jsonBody(message: Octets, around: (placeholder: string) => unknown): HttpBody {
  const [before, after] = JSON.stringify(around(PLACEHOLDER))
    .split(PLACEHOLDER)
    .map((part) => Buffer.from(part, 'utf8'));
  if (before === undefined || after === undefined) throw new TypeError('The message has no place in the document.');
  return {
    sizeBytes: before.length + escapedBytes(message) + after.length,
    *chunks() {
      yield before;
      for (const piece of message.pieces()) yield Buffer.from(escaped(piece), 'latin1');
      yield after;
    },
  };
}

/** Nothing that could stand in an address or an id. */
const PLACEHOLDER = '<< the message >>';

function escapedBytes(message: Octets): number {
  let size = 0;
  for (const piece of message.pieces()) size += escaped(piece).length;
  return size;
}

function escaped(piece: Buffer): string {
  return piece.toString('latin1').replace(ESCAPES, (character) => JSON.stringify(character).slice(1, -1));
}
