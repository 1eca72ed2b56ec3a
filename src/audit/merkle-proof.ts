import { largestPowerUpTo, nodeHash, subtreesOf } from './merkle.js';

/** What of a tree is at hand: the perfect subtrees of an earlier size, and every leaf from there on. */
export interface PartialTree {
  /** Leaves of the earlier tree. */
  readonly from: number;
  /** Its perfect subtrees' hashes, largest first. */
  readonly frontier: readonly Buffer[];
  /** Hashes of the leaves `from`, `from + 1`, … */
  readonly leaves: readonly Buffer[];
}

/**
 * The audit path of leaf `index` (RFC 6962 §2.1.1) in all of the tree, from the leaf upwards. The leaf must be one that is at hand: then every
 * subtree of its path is, too, for those before it are perfect subtrees of the earlier tree or reach beyond it. Throws RangeError otherwise.
 */
export function inclusionProof(tree: PartialTree, index: number): Buffer[] {
  return inclusionProofs(tree)(index);
}

/** The same for many leaves: what is computed for one is kept for the next, one hash a leaf. */
export function inclusionProofs(tree: PartialTree): (index: number) => Buffer[] {
  const hashOf = subtreeHashes(tree);
  return (index) => {
    if (index < tree.from || index >= sizeOf(tree)) throw new RangeError(`leaf ${index} is not at hand`);
    const path = (start: number, end: number): Buffer[] => {
      if (end - start === 1) return [];
      const middle = start + split(end - start);
      return index < middle ? [...path(start, middle), hashOf(middle, end)] : [...path(middle, end), hashOf(start, middle)];
    };
    return path(0, sizeOf(tree));
  };
}

/** That the tree of the earlier size is the beginning of this one (RFC 6962 §2.1.2); empty where one of them is empty or they are equal. */
export function consistencyProof(tree: PartialTree): Buffer[] {
  const earlier = tree.from;
  if (earlier === 0 || earlier === sizeOf(tree)) return [];
  const hashOf = subtreeHashes(tree);
  const proof = (start: number, end: number, whole: boolean): Buffer[] => {
    if (earlier === end) return whole ? [] : [hashOf(start, end)];
    const middle = start + split(end - start);
    return earlier <= middle
      ? [...proof(start, middle, whole), hashOf(middle, end)]
      : [...proof(middle, end, false), hashOf(start, middle)];
  };
  return proof(0, sizeOf(tree), true);
}

/** The root that a leaf and its path lead to in a tree of `size`, or undefined when the path has not the length it must have (RFC 9162 §2.1.3.2). */
export function rootByInclusion(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  if (!(index >= 0 && index < size)) return undefined;
  let [at, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // A right edge without sibling is carried up unhashed.
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? hash : undefined;
}

/** Whether a tree of `second` leaves and its root continue one of `first` leaves and its root (RFC 9162 §2.1.4.2). */
export function isConsistent(
  first: { size: number; root: Buffer },
  second: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size > second.size) return false;
  // Every tree continues the empty one.
  if (first.size === 0) return proof.length === 0;
  const isPerfect = largestPowerUpTo(first.size) === first.size;
  const [start, ...rest] = isPerfect ? [first.root, ...proof] : proof;
  if (start === undefined) return false;
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [older, newer] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [older, newer] = [nodeHash(sibling, older), nodeHash(sibling, newer)];
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && older.equals(first.root) && newer.equals(second.root);
}

/** The hash of the leaves from `start` up to `end`, as far as it follows from what is at hand. */
function subtreeHashes({ from, frontier, leaves }: PartialTree): (start: number, end: number) => Buffer {
  const known = new Map(subtreesOf(from).map(({ start, leaves: count }, index) => [`${start}+${count}`, frontier[index]]));
  const hashOf = (start: number, end: number): Buffer => {
    const hash = known.get(`${start}+${end - start}`) ?? (end - start === 1 ? leaves[start - from] : undefined);
    if (hash !== undefined) return hash;
    if (end <= from || end - start <= 1) throw new RangeError(`the leaves ${start} to ${end} are not at hand`);
    const middle = start + split(end - start);
    const joined = nodeHash(hashOf(start, middle), hashOf(middle, end));
    known.set(`${start}+${end - start}`, joined);
    return joined;
  };
  return hashOf;
}

/** RFC 6962 §2.1: the largest power of two smaller than the number of leaves. */
function split(leaves: number): number {
  return largestPowerUpTo(leaves - 1);
}

function sizeOf({ from, leaves }: PartialTree): number {
  return from + leaves.length;
}

function half(number: number): number {
  return Math.floor(number / 2);
}
