import { createHash } from 'node:crypto';
import { atOnce, type FileWriter } from '../disk/file-group.js';

export interface StagedCopy {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file's bytes, hex. */
  readonly sha256: string;
}

/**
 * Writes a sealed copy where the MTA does not look. Its bytes are durable when `files` says so, its name after `syncDirectory`. Killed before the
 * intent is recorded: it is removed at the next start and made again. 0640: the MTA reads it through the directory's group.
 */
export function stageCopy(directory: string, name: string, chunks: readonly Buffer[], files: FileWriter = atOnce): StagedCopy {
  files.write(`${directory}/${name}`, chunks, { mode: 0o640 });
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { name, sizeBytes, sha256: hash.digest('hex') };
}
