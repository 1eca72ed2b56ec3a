import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leafHash, MerkleTree, nodeHash, rootOf } from '../../src/audit/merkle.js';
import { consistencyProof, inclusionProof, isConsistent, rootByInclusion } from '../../src/audit/merkle-proof.js';

/** Certificate Transparency's reference tree (certificate-transparency/cpp/merkletree/merkle_tree_test.cc). */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const referenceLeaves = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));

const pathVectors: [index: number, size: number, path: string[]][] = [
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const consistencyVectors: [first: number, second: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

/** RFC 6962 §2.1 word for word, over all leaves. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest();
  if (leaves.length === 1) return only;
  const k = naiveSplit(leaves.length);
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** RFC 6962 §2.1.1 word for word. */
function naivePath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = naiveSplit(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** RFC 6962 §2.1.2 word for word. */
function naiveProof(m: number, leaves: readonly Buffer[], whole = true): Buffer[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = naiveSplit(leaves.length);
  return m <= k
    ? [...naiveProof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveProof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

function naiveSplit(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function treeOf(leaves: readonly Buffer[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));
const someLeaves = fc.integer({ min: 1, max: 140 }).map((count) => Array.from({ length: count }, (_, n) => leafHash(`line ${n}`)));

test('a tree has the roots of the reference tree of Certificate Transparency, at every size', () => {
  const tree = new MerkleTree();
  expect(tree.root().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const [index, leaf] of referenceLeaves.entries()) {
    tree.append(leaf);
    expect(tree.root().toString('hex')).toBe(roots[index]);
  }
});

test.each(pathVectors)('the audit path of leaf %i in a tree of %i is the published one', (index, size, path) => {
  const leaves = referenceLeaves.slice(0, size);
  expect(hex(inclusionProof({ from: 0, frontier: [], leaves }, index))).toEqual(path);
});

test.each(consistencyVectors)('the consistency proof from %i to %i is the published one', (first, second, proof) => {
  const frontier = treeOf(referenceLeaves.slice(0, first)).frontier;
  expect(hex(consistencyProof({ from: first, frontier, leaves: referenceLeaves.slice(first, second) }))).toEqual(proof);
});

test('a tree that goes on from any earlier frontier comes to the same root', () => {
  fc.assert(
    fc.property(someLeaves, fc.nat(), (leaves, cut) => {
      const from = cut % (leaves.length + 1);
      const resumed = new MerkleTree(from, treeOf(leaves.slice(0, from)).frontier);
      for (const leaf of leaves.slice(from)) resumed.append(leaf);
      expect(resumed.size).toBe(leaves.length);
      expect(resumed.root()).toEqual(naiveRoot(leaves));
      expect(rootOf(resumed.frontier)).toEqual(naiveRoot(leaves));
    }),
  );
});

test('a frontier is only taken for the size it belongs to', () => {
  expect(() => new MerkleTree(3, [leafHash('a')])).toThrow(RangeError);
  expect(() => new MerkleTree(0, [leafHash('a')])).toThrow(RangeError);
});

test('a path made from an earlier frontier and the leaves since is that of the whole tree, and leads to the root', () => {
  fc.assert(
    fc.property(someLeaves, fc.nat(), fc.nat(), (leaves, cut, which) => {
      const from = cut % leaves.length;
      const index = from + (which % (leaves.length - from));
      const frontier = treeOf(leaves.slice(0, from)).frontier;
      const path = inclusionProof({ from, frontier, leaves: leaves.slice(from) }, index);
      expect(path).toEqual(naivePath(index, leaves));
      expect(rootByInclusion(leaves[index] ?? Buffer.alloc(0), index, leaves.length, path)).toEqual(naiveRoot(leaves));
    }),
  );
});

test('a path proves no other leaf, no other place, and nothing when any of it is altered', () => {
  fc.assert(
    fc.property(someLeaves, fc.nat(), fc.nat(), (leaves, which, bit) => {
      const index = which % leaves.length;
      const leaf = leaves[index] ?? Buffer.alloc(0);
      const root = naiveRoot(leaves);
      const path = naivePath(index, leaves);
      const leadsTo = (at: number, size: number, hash: Buffer, along: readonly Buffer[]) =>
        rootByInclusion(hash, at, size, along)?.equals(root) === true;
      expect(leadsTo(index, leaves.length, leafHash('another'), path)).toBe(false);
      if (leaves.length > 1) expect(leadsTo((index + 1) % leaves.length, leaves.length, leaf, path)).toBe(false);
      expect(leadsTo(index, leaves.length, leaf, [...path, root])).toBe(false);
      if (path.length === 0) return;
      expect(leadsTo(index, leaves.length, leaf, path.slice(1))).toBe(false);
      const altered = path.map((hash) => Buffer.from(hash));
      const target = altered[bit % altered.length];
      target?.writeUInt8((target.readUInt8(bit % 32) ^ 1) & 0xff, bit % 32);
      expect(leadsTo(index, leaves.length, leaf, altered)).toBe(false);
    }),
  );
});

test('a consistency proof is that of the RFC, verifies, and verifies for nothing else', () => {
  fc.assert(
    fc.property(someLeaves, fc.nat(), (leaves, cut) => {
      const from = 1 + (cut % leaves.length);
      const [first, second] = [leaves.slice(0, from), leaves];
      const proof = consistencyProof({ from, frontier: treeOf(first).frontier, leaves: leaves.slice(from) });
      expect(proof).toEqual(naiveProof(from, leaves));
      const older = { size: from, root: naiveRoot(first) };
      const newer = { size: leaves.length, root: naiveRoot(second) };
      expect(isConsistent(older, newer, proof)).toBe(true);
      expect(isConsistent({ ...older, root: leafHash('forged') }, newer, proof)).toBe(false);
      expect(isConsistent(older, { ...newer, root: leafHash('forged') }, proof)).toBe(false);
      expect(isConsistent(older, newer, [...proof, older.root])).toBe(false);
      if (proof.length > 0) expect(isConsistent(older, newer, proof.slice(1))).toBe(false);
    }),
  );
});

test('sizes beyond 32 bits are counted right', () => {
  const size = 2 ** 40 + 1;
  const leaf = leafHash('the last');
  const left = leafHash('stands for the others');
  expect(rootByInclusion(leaf, size - 1, size, [left])).toEqual(nodeHash(left, leaf));
  expect(rootByInclusion(leaf, size - 2, size, [left])).toBeUndefined();
});
