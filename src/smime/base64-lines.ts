/** Characters in a line (RFC 2045 §6.8) and the octets they stand for. */
const LINE_CHARACTERS = 76;
const LINE_OCTETS = 57;
const FOLDED_LINE = LINE_CHARACTERS + 2;
const CRLF = 0x0d0a;

/**
 * Lines encoded at a time. 39 KB of text stay in the processor's cache between encoding and folding, and a string of that size is an
 * ordinary young object to V8; above 128 KB each would be a large object, and collecting those costs twenty times the encoding.
 */
const BLOCK_LINES = 512;

/** Octets that base64 in lines of 76 characters, each ended by CRLF, takes for `octets` octets. */
export function base64LinesLength(octets: number): number {
  const characters = Math.ceil(octets / 3) * 4;
  return characters + 2 * Math.ceil(characters / LINE_CHARACTERS);
}

/**
 * Writes the pieces, joined, as base64 lines into `out` at `offset` and returns the offset after them. The pieces may come from a
 * generator, so that neither they nor their base64 ever exist as a whole beside the result. `out` must have room for
 * `base64LinesLength(sum of the pieces)` octets there.
 */
export function writeBase64Lines(pieces: Iterable<Buffer>, out: Buffer, offset: number): number {
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const partial = Buffer.allocUnsafe(LINE_OCTETS);
  let partialOctets = 0;
  let position = offset;
  for (const piece of pieces) {
    let start = 0;
    if (partialOctets > 0) {
      start = piece.copy(partial, partialOctets, 0, LINE_OCTETS - partialOctets);
      partialOctets += start;
      if (partialOctets < LINE_OCTETS) continue;
      position = writeWholeLines(partial, 0, LINE_OCTETS, out, view, position);
    }
    const end = piece.length - ((piece.length - start) % LINE_OCTETS);
    position = writeWholeLines(piece, start, end, out, view, position);
    partialOctets = piece.copy(partial, 0, end);
  }
  if (partialOctets === 0) return position;
  position += out.write(partial.toString('base64', 0, partialOctets), position, 'latin1');
  return out.writeUInt16BE(CRLF, position);
}

/**
 * The whole lines of `piece` from `start` to `end`: each block is encoded without line ends to where its last line will stand, then its
 * lines are moved down into their places, first to last, which opens the gaps for CRLF.
 */
function writeWholeLines(piece: Buffer, start: number, end: number, out: Buffer, view: DataView, offset: number): number {
  let position = offset;
  for (let from = start; from < end; from += BLOCK_LINES * LINE_OCTETS) {
    const to = Math.min(from + BLOCK_LINES * LINE_OCTETS, end);
    const lines = (to - from) / LINE_OCTETS;
    out.write(piece.toString('base64', from, to), position + 2 * lines, 'latin1');
    spreadLines(view, position + 2 * lines, position, lines);
    position += lines * FOLDED_LINE;
  }
  return position;
}

/**
 * A line's 76 characters are moved as nine 8-octet numbers and one of 4: V8 compiles these to plain loads and stores, several times
 * faster than a call to copy() a line. ASCII read as float64 is never a NaN, so its bits arrive unchanged. `from` is never below `to`, so
 * nothing is overwritten before it is read.
 */
function spreadLines(view: DataView, from: number, to: number, lines: number): void {
  let source = from;
  let target = to;
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < 72; at += 8) view.setFloat64(target + at, view.getFloat64(source + at, true), true);
    view.setUint32(target + 72, view.getUint32(source + 72, true), true);
    view.setUint16(target + LINE_CHARACTERS, CRLF);
    source += LINE_CHARACTERS;
    target += FOLDED_LINE;
  }
}
