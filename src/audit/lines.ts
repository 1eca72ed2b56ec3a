import { closeSync, openSync, readSync } from 'node:fs';
import { diskFault } from '../disk/faults.js';

export interface Line {
  readonly text: string;
  /** Byte offset of the line's first byte in the file. */
  readonly offset: number;
  /** False for a last line without line feed. */
  readonly complete: boolean;
}

const chunkBytes = 1 << 20;
const maxLineBytes = 64 << 20;

/** The lines of a file from a byte offset on, read in chunks: memory is bounded by the longest line. */
export function* linesOf(path: string, from = 0): Generator<Line> {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
  try {
    let rest = Buffer.alloc(0);
    let restOffset = from;
    for (let position = from; ; ) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const got = readSync(descriptor, chunk, 0, chunkBytes, position);
      if (got === 0) break;
      position += got;
      const bytes = rest.length === 0 ? chunk.subarray(0, got) : Buffer.concat([rest, chunk.subarray(0, got)]);
      let start = 0;
      for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
        yield { text: bytes.toString('utf8', start, end), offset: restOffset + start, complete: true };
        start = end + 1;
      }
      rest = bytes.subarray(start);
      restOffset += start;
      // A file of one endless line is not ours; it is handed out in pieces rather than held in memory.
      if (rest.length > maxLineBytes) {
        yield { text: '', offset: restOffset, complete: false };
        return;
      }
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), offset: restOffset, complete: false };
  } finally {
    closeSync(descriptor);
  }
}
