import { type DerNode, derElement, derTree, eachNode, replaceWithin } from '../kit/der-tree.js';
import type { Random } from '../kit/random.js';
import { MAX_INPUT_BYTES, mutateBytes } from './mutate-bytes.js';

/** One change to a DER document: mostly to one of its elements with the lengths around it set right, so that it reaches what lies behind. */
export function mutateDer(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const tree = derTree(bytes);
  if (tree === undefined || random.chance(0.15)) return mutateBytes(bytes, random, other);
  const places = [...eachNode(tree)];
  const { node, around } = random.pick(places);
  const donor = random.chance(0.5) ? derTree(other) : undefined;
  const foreign =
    donor === undefined ? bytes.subarray(...extent(random.pick(places).node)) : other.subarray(...extent(anyOf(donor, random)));
  const replacement = random.pick(CHANGES)({ bytes, node, random, foreign, other });
  return replaceWithin(bytes, around, node.start, node.end, replacement).subarray(0, MAX_INPUT_BYTES);
}

interface Place {
  readonly bytes: Buffer;
  readonly node: DerNode;
  readonly random: Random;
  /** Another element, of this document or of another one. */
  readonly foreign: Buffer;
  readonly other: Buffer;
}

const IDENTIFIERS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x1e, 0x1f, 0x24, 0x30, 0x31, 0x3f, 0x80, 0x81, 0xa0, 0xa1, 0xa3,
];
const LENGTHS = [
  '00',
  '7f',
  '80',
  '8100',
  '81ff',
  '820001',
  '83ffffff',
  '847fffffff',
  '84ffffffff',
  '880000000000000001',
  '88ffffffffffffffff',
  'ff',
];

/** Each gives what is to stand in the element's place. */
const CHANGES: readonly ((place: Place) => Buffer)[] = [
  () => Buffer.alloc(0),
  ({ foreign }) => foreign,
  (place) => Buffer.concat([whole(place), whole(place)]),
  (place) => Buffer.concat([whole(place), place.foreign]),
  (place) => Buffer.concat([place.foreign, whole(place)]),
  (place) => derElement(place.random.pick(IDENTIFIERS), contentOf(place)),
  (place) => derElement(place.node.identifier ^ 0x20, contentOf(place)),
  (place) => derElement(place.random.pick(IDENTIFIERS), whole(place)),
  (place) => derElement(place.node.identifier, mutateBytes(contentOf(place), place.random, place.other)),
  (place) => derElement(place.node.identifier, mutateBytes(contentOf(place), place.random, place.other)),
  (place) => derElement(place.node.identifier, place.foreign),
  (place) => derElement(place.node.identifier, Buffer.alloc(0)),
  // The same content in other BER: indefinite, in segments, with a length that is longer than it need be, or a wrong one.
  (place) => Buffer.concat([Buffer.of(place.node.identifier | 0x20, 0x80), contentOf(place), Buffer.of(0, 0)]),
  (place) => inSegments(contentOf(place), place.node.identifier, place.random),
  ({ bytes, node }) => {
    const length = node.contentEnd - node.contentStart;
    return Buffer.concat([
      Buffer.of(node.identifier, 0x84, 0, length >> 16, length >> 8, length),
      bytes.subarray(node.contentStart, node.contentEnd),
    ]);
  },
  (place) => Buffer.concat([Buffer.of(place.node.identifier), Buffer.from(place.random.pick(LENGTHS), 'hex'), contentOf(place)]),
  ({ bytes, node, random }) => shuffled(bytes, node, random),
  (place) => nested(whole(place), place.random),
];

function whole({ bytes, node }: Place): Buffer {
  return bytes.subarray(node.start, node.end);
}

function contentOf({ bytes, node }: Place): Buffer {
  return bytes.subarray(node.contentStart, node.contentEnd);
}

function extent(node: DerNode): [number, number] {
  return [node.start, node.end];
}

function anyOf(tree: DerNode, random: Random): DerNode {
  return random.pick([...eachNode(tree)]).node;
}

function inSegments(content: Buffer, identifier: number, random: Random): Buffer {
  const middle = random.between(0, content.length);
  const segments = [content.subarray(0, middle), content.subarray(middle)].map((segment) => derElement(0x04, segment));
  return derElement(identifier | 0x20, Buffer.concat(segments));
}

function shuffled(bytes: Buffer, node: DerNode, random: Random): Buffer {
  const children = random.sample(node.children, node.children.length).map((child) => bytes.subarray(child.start, child.end));
  return derElement(node.identifier, Buffer.concat(children));
}

function nested(element: Buffer, random: Random): Buffer {
  const identifier = random.pick([0x24, 0x30, 0x31, 0xa0]);
  let inner = element;
  for (let levels = random.between(2, 200); levels > 0; levels -= 1) {
    inner = random.chance(0.5) ? derElement(identifier, inner) : Buffer.concat([Buffer.of(identifier, 0x80), inner, Buffer.of(0, 0)]);
  }
  return inner;
}
