import { open } from 'node:fs/promises';
import { diskFault, errnoOf } from '../disk/faults.js';
import { chainName, segments } from './files.js';

/** A place between two records of the chain. */
export interface ChainPosition {
  readonly segment: string;
  /** Octets from the beginning of its chain file. */
  readonly offset: number;
}

const pieceBytes = 256 * 1024;

/**
 * Ids of the records of one event from one place of the chain to another, which must be durable there, at most about `most` of them, and the
 * place they reach to. Read in pieces, without holding up anybody; nothing is verified. `pattern` matches a line and captures the id.
 */
export async function idsBetween(
  directory: string,
  from: ChainPosition,
  to: ChainPosition,
  pattern: RegExp,
  most: number,
): Promise<{ ids: string[]; at: ChainPosition }> {
  const ids: string[] = [];
  let at = from;
  for (const segment of segments(directory)) {
    if (segment < from.segment || segment > to.segment) continue;
    const start = segment === from.segment ? from.offset : 0;
    const offset = await readLines(
      `${directory}/${chainName(segment)}`,
      start,
      segment === to.segment ? to.offset : Number.POSITIVE_INFINITY,
      (line) => {
        const id = pattern.exec(line)?.[1];
        // A copy of its own: what a match captures keeps the whole line in memory.
        if (id !== undefined) ids.push(Buffer.from(id).toString('latin1'));
        return ids.length < most;
      },
    );
    at = { segment, offset };
    if (ids.length >= most) break;
  }
  return { ids, at };
}

/** Calls `each` for whole lines until it says false, the file ends or `end` is reached; resolves with the offset behind the last one. */
async function readLines(path: string, start: number, end: number, each: (line: string) => boolean): Promise<number> {
  const file = await open(path, 'r').catch((error: unknown) => {
    // Erased by retention in between: there is nothing more to know of that segment.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  });
  if (file === undefined) return start;
  try {
    let offset = start;
    let bytes = pieceBytes;
    for (;;) {
      const piece = Buffer.allocUnsafe(bytes);
      const { bytesRead } = await file.read(piece, 0, Math.min(bytes, end - offset), offset);
      let begin = 0;
      for (let lineFeed = piece.indexOf(10); lineFeed !== -1 && lineFeed < bytesRead; lineFeed = piece.indexOf(10, begin)) {
        const more = each(piece.toString('latin1', begin, lineFeed));
        begin = lineFeed + 1;
        if (!more) return offset + begin;
      }
      if (begin === 0 && bytesRead < bytes) return offset;
      // No whole line in a full piece: look at a longer one.
      bytes = begin === 0 ? bytes * 2 : pieceBytes;
      offset += begin;
    }
  } finally {
    await file.close();
  }
}
