import type { Random } from '../kit/random.js';

/** Inputs stay below this, so that a slow execution is the reader's fault and not the input's. */
export const MAX_INPUT_BYTES = 64 * 1024;

const TELLING_OCTETS = [0x00, 0x01, 0x0a, 0x0d, 0x1f, 0x20, 0x22, 0x2d, 0x30, 0x31, 0x3d, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xa0, 0xff];

/** One change that knows nothing of what the bytes mean. `other` is what may be spliced in. */
export function mutateBytes(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const change = random.chance(STRETCHED) ? stretched : random.pick(CHANGES);
  return change(bytes, random, other).subarray(0, MAX_INPUT_BYTES);
}

/** How often; such inputs take long even where all is well. */
const STRETCHED = 0.01;

/** A piece over and over: what takes time in proportion to the square of a length shows itself. */
function stretched(bytes: Buffer, random: Random): Buffer {
  const [start, length] = span(bytes, random, 6);
  const piece = bytes.subarray(start, start + length);
  const times = random.between(1, MAX_INPUT_BYTES / length);
  return replaced(bytes, [start, length], Buffer.concat(Array.from({ length: times }, () => piece)));
}

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const CHANGES: readonly Change[] = [
  (bytes, random) => altered(bytes, random, (octet) => octet ^ (1 << random.between(0, 7))),
  (bytes, random) => altered(bytes, random, () => random.pick(TELLING_OCTETS)),
  (bytes, random) => altered(bytes, random, (octet) => octet + random.pick([-1, 1])),
  (bytes, random) => replaced(bytes, span(bytes, random, 16), Buffer.alloc(0)),
  (bytes, random) => replaced(bytes, [random.between(0, bytes.length), 0], random.bytes(random.between(1, 8))),
  (bytes, random) => {
    const [start, length] = span(bytes, random, 64);
    return replaced(bytes, [random.between(0, bytes.length), 0], bytes.subarray(start, start + length));
  },
  (bytes, random) => bytes.subarray(0, random.between(0, bytes.length)),
  (bytes, random, other) => {
    const [start, length] = span(other, random, 256);
    return replaced(bytes, span(bytes, random, 64), other.subarray(start, start + length));
  },
  (bytes, random, other) => Buffer.concat([bytes.subarray(0, random.between(0, bytes.length)), other.subarray(span(other, random, 1)[0])]),
];

function replaced(bytes: Buffer, [start, length]: readonly [start: number, length: number], replacement: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), replacement, bytes.subarray(start + length)]);
}

/** A start within the bytes and a length of 1 to `most`. */
function span(bytes: Buffer, random: Random, most: number): [start: number, length: number] {
  return [random.between(0, Math.max(0, bytes.length - 1)), random.between(1, most)];
}

function altered(bytes: Buffer, random: Random, value: (octet: number) => number): Buffer {
  if (bytes.length === 0) return random.bytes(1);
  const copy = Buffer.from(bytes);
  const index = random.between(0, bytes.length - 1);
  copy[index] = value(copy[index] ?? 0);
  return copy;
}
