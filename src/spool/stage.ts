import { createHash } from 'node:crypto';
import { atOnce, type FileWriter } from '../disk/file-group.js';
import type { Octets } from '../message/octets.js';

export interface StagedCopy {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file's bytes, hex. */
  readonly sha256: string;
}

/**
 * Writes a sealed copy, piece by piece as it is made, where the MTA does not look. Its bytes are durable when `files` says so, its name after `syncDirectory`. Killed before the
 * intent is recorded: it is removed at the next start and made again. 0640: the MTA reads it through the directory's group.
 */
export function stageCopy(directory: string, name: string, copy: Octets, files: FileWriter = atOnce): StagedCopy {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  files.write(`${directory}/${name}`, counted(), { mode: 0o640 });
  return { name, sizeBytes, sha256: hash.digest('hex') };

  function* counted(): Generator<Buffer> {
    for (const piece of copy.pieces()) {
      hash.update(piece);
      sizeBytes += piece.length;
      yield piece;
    }
  }
}
