import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { openNewFile, removeIfThere, syncDescriptor, writeAll } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import { atOnce, type FileWriter } from '../disk/file-group.js';
import type { Claim } from './claim.js';
import type { SpoolLayout } from './layout.js';

export interface OwnCopy {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the original, hex. */
  readonly sha256: string;
}

/**
 * Writes our own copy of a claimed file, which its former owner can no longer change; only it is sealed, archived and retried. Its
 * bytes are durable when `files` says so (a message over the limit: on return), its name after `syncDirectory(work)`; only then may `accepted` be recorded, and only after that the
 * claimed inode unlinked. Killed before the record: the copy is discarded at the next start and made again from `work/in` (I1).
 */
export function writeOwnCopy(layout: SpoolLayout, claim: Claim, archiveGroup: number | undefined, files: FileWriter = atOnce): OwnCopy {
  const path = ownCopyPath(layout, claim.id);
  if (claim.bytes === undefined) return copyLarge(claim, path, archiveGroup);
  files.write(path, [claim.bytes], { mode: 0o440, gid: archiveGroup });
  return { path, sizeBytes: claim.bytes.length, sha256: createHash('sha256').update(claim.bytes).digest('hex') };
}

export function ownCopyPath(layout: SpoolLayout, id: string): string {
  return `${layout.work}/${id}.eml`;
}

/** A message over the limit goes to quarantine; it is copied piece by piece, so that its size costs no memory. */
function copyLarge(claim: Claim, path: string, gid: number | undefined): OwnCopy {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  let sizeBytes = 0;
  let from: number | undefined;
  let to: number | undefined;
  try {
    from = openSync(claim.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    to = openNewFile(path, { mode: 0o440, gid });
    for (let got = readSync(from, piece); got > 0; got = readSync(from, piece)) {
      hash.update(piece.subarray(0, got));
      writeAll(to, piece.subarray(0, got), path);
      sizeBytes += got;
    }
    syncDescriptor(to, path);
  } catch (error) {
    if (to !== undefined) removeIfThere(path);
    throw error instanceof Error && 'disposition' in error ? error : diskFault(error, 'copy to', path);
  } finally {
    if (from !== undefined) closeSync(from);
    if (to !== undefined) closeSync(to);
  }
  return { path, sizeBytes, sha256: hash.digest('hex') };
}
