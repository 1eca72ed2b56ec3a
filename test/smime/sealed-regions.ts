import { type DerNode, derTree, nodeAt, replaceWithin } from '../kit/der-tree.js';

/** A part of a CMS document, by the elements around it. */
export interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly around: readonly DerNode[];
}

/** What a SignedData's signatures cover, and the signatures: eContent, and of each SignerInfo signedAttrs and signature value. */
export function signedRegions(cms: Buffer): Region[] {
  const root = rootOf(cms);
  const content = nodeAt(root, [1, 0, 2]).node.children.length > 1 ? [contentOf('eContent', root, [1, 0, 2, 1, 0])] : [];
  const signers = nodeAt(root, [1, 0, 4]).node.children.flatMap((_, index) => [
    contentOf('signedAttrs', root, [1, 0, 4, index, 3]),
    contentOf('signature', root, [1, 0, 4, index, 5]),
  ]);
  return [...content, ...signers];
}

/** What the tag of an AuthEnvelopedData covers, and the tag: nonce, ciphertext, authAttrs where there are any. */
export function authenticatedRegions(cms: Buffer): Region[] {
  const root = rootOf(cms);
  const hasAttributes = nodeAt(root, [1, 0]).node.children.length > 4;
  // GCMParameters hold it (RFC 5084 §3.2), ChaCha20-Poly1305's parameters are it (RFC 8103 §1.1).
  const noncePath = nodeAt(root, [1, 0, 2, 1, 1]).node.children.length > 0 ? [1, 0, 2, 1, 1, 0] : [1, 0, 2, 1, 1];
  return [
    contentOf('nonce', root, noncePath),
    contentOf('ciphertext', root, [1, 0, 2, 2]),
    ...(hasAttributes ? [contentOf('authAttrs', root, [1, 0, 3])] : []),
    contentOf('tag', root, [1, 0, hasAttributes ? 4 : 3]),
  ];
}

/** The document with other octets in the region; the lengths around it are set right (`whole`) or stay as they were. */
export function withRegion(cms: Buffer, { start, end, around }: Region, octets: Buffer, whole: boolean): Buffer {
  if (whole) return replaceWithin(cms, around, start, end, octets);
  return Buffer.concat([cms.subarray(0, start), octets, cms.subarray(end)]);
}

export function rootOf(cms: Buffer): DerNode {
  const root = derTree(cms);
  if (root === undefined || root.end !== cms.length) throw new Error('not one sound structure');
  return root;
}

function contentOf(name: string, root: DerNode, path: readonly number[]): Region {
  const { node, around } = nodeAt(root, path);
  return { name, start: node.contentStart, end: node.contentEnd, around: [...around, node] };
}
