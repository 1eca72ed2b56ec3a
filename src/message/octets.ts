/**
 * Octets that come in pieces, as often as they are asked for, and of a length that is known beforehand. What is large (an entity, its sealed
 * form) is never held as a whole beside what it was made from. A piece is not written to again once it was handed out.
 */
export interface Octets {
  readonly sizeBytes: number;
  pieces(): Iterable<Buffer>;
}

/** These one after the other. */
export function octetsOf(...parts: readonly (Buffer | Octets)[]): Octets {
  return {
    sizeBytes: parts.reduce((sum, part) => sum + (Buffer.isBuffer(part) ? part.length : part.sizeBytes), 0),
    *pieces() {
      for (const part of parts) {
        if (Buffer.isBuffer(part)) yield part;
        else yield* part.pieces();
      }
    },
  };
}

/** All of them in one Buffer: for what is small, and for those who need it whole. */
export function joined(octets: Octets): Buffer {
  return Buffer.concat([...octets.pieces()], octets.sizeBytes);
}
