import fc from 'fast-check';

/** One change to some octets: a bit, a piece out, a piece in, or a piece over from elsewhere. Positions are taken modulo the length. */
export type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly octets: Uint8Array }
  | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly length: number };

const octets = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 12 }),
  fc.constantFrom('\r\n', ' ', '\n', '\0', '--').map((text) => Buffer.from(text)),
);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), octets }),
  fc.record({ kind: fc.constant('splice' as const), at: fc.nat(), from: fc.nat(), length: fc.integer({ min: 1, max: 40 }) }),
);

/** The octets changed. The result may be what it was, e.g. where equal octets are spliced over each other. */
export function edited(bytes: Buffer, change: Edit): Buffer {
  const at = change.at % (bytes.length + (change.kind === 'insert' ? 1 : 0) || 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << change.bit)), after.subarray(1)]);
    case 'delete':
      return Buffer.concat([before, after.subarray(change.length)]);
    case 'insert':
      return Buffer.concat([before, change.octets, after]);
    case 'splice': {
      const from = change.from % (bytes.length || 1);
      const piece = bytes.subarray(from, from + change.length);
      return Buffer.concat([before, piece, after.subarray(piece.length)]);
    }
  }
}
