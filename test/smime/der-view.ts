/**
 * A strict reader of DER for tests, on purpose not the program's: it refuses indefinite lengths, lengths of more octets than needed, and
 * SETs that are out of order.
 */
export interface DerView {
  readonly tag: number;
  readonly content: Buffer;
  readonly encoded: Buffer;
  readonly children: readonly DerView[];
}

export function viewDer(bytes: Buffer): DerView {
  const { view, end } = elementAt(bytes, 0);
  if (end !== bytes.length) throw new Error(`${bytes.length - end} octets after the element`);
  return view;
}

/** The element found by going down the given child indexes. */
export function at(view: DerView, ...path: readonly number[]): DerView {
  return path.reduce((node, index) => {
    const child = node.children.at(index);
    if (child === undefined) throw new Error(`no child ${index} in tag 0x${node.tag.toString(16)}`);
    return child;
  }, view);
}

/** An OBJECT IDENTIFIER's dotted form. */
export function dotted(view: DerView): string {
  if (view.tag !== 0x06) throw new Error(`tag 0x${view.tag.toString(16)} is no OBJECT IDENTIFIER`);
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of view.content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

function elementAt(bytes: Buffer, start: number): { view: DerView; end: number } {
  const tag = bytes.readUInt8(start);
  const first = bytes.readUInt8(start + 1);
  let contentStart = start + 2;
  let length = first;
  if (first >= 0x80) {
    if (first === 0x80) throw new Error('indefinite length');
    length = bytes.readUIntBE(contentStart, first - 0x80);
    contentStart += first - 0x80;
    if (length < 0x80 || (first > 0x81 && length < 256 ** (first - 0x81))) throw new Error('length longer than needed');
  }
  const end = contentStart + length;
  if (end > bytes.length) throw new Error('element ends after the bytes');
  const children: DerView[] = [];
  for (let offset = contentStart; (tag & 0x20) !== 0 && offset < end; ) {
    const child = elementAt(bytes.subarray(0, end), offset);
    children.push(child.view);
    offset = child.end;
  }
  if (tag === 0x31) checkOrder(children);
  return { view: { tag, content: bytes.subarray(contentStart, end), encoded: bytes.subarray(start, end), children }, end };
}

function checkOrder(members: readonly DerView[]): void {
  for (const [index, member] of members.entries()) {
    const before = members[index - 1];
    if (before !== undefined && Buffer.compare(before.encoded, member.encoded) > 0) throw new Error('SET OF out of order');
  }
}
