import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { removeIfThere } from '../../disk/durable.js';
import { diskFault } from '../../disk/faults.js';

/** Where the index is, and what it is made from. */
export interface IndexPlace {
  /** The directory of the index. */
  readonly index: string;
  readonly audit: string;
  readonly archive: string;
}

/** What is searched. */
export function indexFile({ index }: IndexPlace): string {
  return `${index}/messages.sqlite`;
}

/** An index being made, until it has reached the end of the chain. */
export function buildingFile({ index }: IndexPlace): string {
  return `${index}/building.sqlite`;
}

/** Held by the one process that writes; holds nothing. */
export function lockFile({ index }: IndexPlace): string {
  return `${index}/writer.sqlite`;
}

/** Group and mode as the archive has them: whoever may read the originals may search them. */
export function makeIndexDirectory({ index, archive }: IndexPlace): void {
  if (existsSync(index)) return;
  try {
    const { gid, mode } = statSync(archive);
    mkdirSync(index, { mode: 0o700 });
    chownSync(index, -1, gid);
    chmodSync(index, (mode & 0o050) === 0 ? 0o700 : 0o2750);
  } catch (error) {
    throw diskFault(error, 'make', index);
  }
}

/** The directory's set-group-ID bit gives the group; SQLite gives its journal the mode of the file. */
export function makeReadable(path: string, mode = 0o640): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw diskFault(error, 'set the mode of', path);
  }
}

export function removeDatabase(path: string): void {
  for (const each of [path, `${path}-journal`, `${path}-wal`, `${path}-shm`]) removeIfThere(each);
}
