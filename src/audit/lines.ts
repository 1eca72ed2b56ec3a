import { closeSync, openSync, readSync } from 'node:fs';
import { diskFault } from '../disk/faults.js';

interface Placed {
  /** Byte offset of the line's first byte in the file. */
  readonly offset: number;
  /** Byte offset behind its last byte, line feed included. */
  readonly end: number;
  /** False for a last line without line feed. */
  readonly complete: boolean;
}

export interface Line extends Placed {
  readonly text: string;
}

export interface RawLine extends Placed {
  /** Without the line feed. A view: what follows in the file is read elsewhere, so it stays as it is as long as it is needed. */
  readonly bytes: Buffer;
}

const chunkBytes = 1 << 20;
const maxLineBytes = 64 << 20;

/** The lines of a file from a byte offset on, read in chunks: memory is bounded by the longest line. */
export function* linesOf(path: string, from = 0): Generator<Line> {
  for (const { bytes, offset, end, complete } of rawLinesOf(path, from)) yield { text: bytes.toString('utf8'), offset, end, complete };
}

/** The same, as bytes: for those who hash them, and who look at few. */
export function* rawLinesOf(path: string, from = 0): Generator<RawLine, undefined> {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
  try {
    // The line that is not ended yet, in pieces: joined once, so that the time for a long one does not grow with its square.
    let pieces: Buffer[] = [];
    let heldBytes = 0;
    let offset = from;
    for (let position = from; ; ) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const got = readSync(descriptor, chunk, 0, chunkBytes, position);
      if (got === 0) break;
      position += got;
      let start = 0;
      for (let lineFeed = chunk.indexOf(10); lineFeed !== -1 && lineFeed < got; lineFeed = chunk.indexOf(10, start)) {
        const piece = chunk.subarray(start, lineFeed);
        start = lineFeed + 1;
        const end = position - got + start;
        // Nearly every line ends in the chunk that it begins in.
        yield { bytes: pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]), offset, end, complete: true };
        if (pieces.length > 0) pieces = [];
        heldBytes = 0;
        offset = end;
      }
      if (start < got) pieces.push(chunk.subarray(start, got));
      heldBytes += got - start;
      // A file of one endless line is not ours; it is given up rather than held in memory.
      if (heldBytes > maxLineBytes) {
        yield { bytes: Buffer.alloc(0), offset, end: position, complete: false };
        return undefined;
      }
    }
    if (heldBytes > 0) yield { bytes: Buffer.concat(pieces), offset, end: offset + heldBytes, complete: false };
  } finally {
    closeSync(descriptor);
  }
}
