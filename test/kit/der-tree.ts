/** One element of a DER or BER document: offsets into the bytes, with whatever stands inside it. */
export interface DerNode {
  readonly start: number;
  readonly contentStart: number;
  readonly contentEnd: number;
  readonly end: number;
  /** The identifier octet. */
  readonly identifier: number;
  readonly indefinite: boolean;
  readonly children: readonly DerNode[];
}

/**
 * Reads one element with all that is inside it; undefined where it is not sound. Descends into constructed elements only. On purpose not the
 * program's own reader: what the tests take for the place of a field must not depend on what they test.
 */
export function derTree(bytes: Buffer, start = 0, limit: number = bytes.length, depth = 0): DerNode | undefined {
  const identifier = bytes[start];
  const first = bytes[start + 1];
  if (identifier === undefined || first === undefined || start + 2 > limit || (identifier & 0x1f) === 0x1f || depth > 60) return undefined;
  const constructed = (identifier & 0x20) !== 0;
  const lengthOctets = first > 0x80 ? first & 0x7f : 0;
  const contentStart = start + 2 + lengthOctets;
  if (lengthOctets > 4 || contentStart > limit) return undefined;
  if (first === 0x80) return constructed ? indefiniteNode(bytes, { start, contentStart, identifier }, limit, depth) : undefined;
  const length = lengthOctets === 0 ? first : bytes.readUIntBE(start + 2, lengthOctets);
  const end = contentStart + length;
  if (end > limit) return undefined;
  const children = constructed ? childrenIn(bytes, contentStart, end, depth) : [];
  return children && { start, contentStart, contentEnd: end, end, identifier, indefinite: false, children };
}

function childrenIn(bytes: Buffer, from: number, to: number, depth: number): DerNode[] | undefined {
  const children: DerNode[] = [];
  for (let at = from; at < to; ) {
    const child = derTree(bytes, at, to, depth + 1);
    if (child === undefined) return undefined;
    children.push(child);
    at = child.end;
  }
  return children;
}

function indefiniteNode(
  bytes: Buffer,
  head: Pick<DerNode, 'start' | 'contentStart' | 'identifier'>,
  limit: number,
  depth: number,
): DerNode | undefined {
  const children: DerNode[] = [];
  let at = head.contentStart;
  while (at + 2 <= limit) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return { ...head, contentEnd: at, end: at + 2, indefinite: true, children };
    const child = derTree(bytes, at, limit, depth + 1);
    if (child === undefined) return undefined;
    children.push(child);
    at = child.end;
  }
  return undefined;
}

/** The node and all beneath it, each with the nodes around it, outermost first. */
export function* eachNode(node: DerNode, around: readonly DerNode[] = []): Generator<{ node: DerNode; around: readonly DerNode[] }> {
  yield { node, around };
  for (const child of node.children) yield* eachNode(child, [...around, node]);
}

/** The child reached by these positions, e.g. `[1, 0, 2]`. Throws where there is none. */
export function nodeAt(root: DerNode, path: readonly number[]): { node: DerNode; around: readonly DerNode[] } {
  const around: DerNode[] = [];
  let node = root;
  for (const position of path) {
    const child = node.children[position];
    if (child === undefined) throw new Error(`no element at ${path.join('.')}`);
    around.push(node);
    node = child;
  }
  return { node, around };
}

/** Element with a definite length in its shortest form. */
export function derElement(identifier: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(identifier, content.length), content]);
  const octets = Math.ceil(content.length.toString(16).length / 2);
  const head = Buffer.alloc(2 + octets);
  head[0] = identifier;
  head[1] = 0x80 | octets;
  head.writeUIntBE(content.length, 2, octets);
  return Buffer.concat([head, content]);
}

/**
 * The document with `from..to`, which lies inside the innermost of `around` (outermost first), replaced, and the lengths of all of them set
 * right again.
 */
export function replaceWithin(bytes: Buffer, around: readonly DerNode[], from: number, to: number, replacement: Buffer): Buffer {
  let [start, end, piece] = [from, to, replacement];
  for (const node of around.toReversed()) {
    const content = Buffer.concat([bytes.subarray(node.contentStart, start), piece, bytes.subarray(end, node.contentEnd)]);
    piece = node.indefinite
      ? Buffer.concat([bytes.subarray(node.start, node.contentStart), content, Buffer.of(0, 0)])
      : derElement(node.identifier, content);
    [start, end] = [node.start, node.end];
  }
  return Buffer.concat([bytes.subarray(0, start), piece, bytes.subarray(end)]);
}
