import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { SealdropError } from '../errors.js';
import { keyFault } from './faults.js';

/** A file of the key directory as it was read; mode and owner are those of the inode the bytes came from. */
export interface KeyFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
}

/** A certificate with its chain is some 10 KB; nothing that belongs in the directory comes near this. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads one small file. Symbolic links are followed, since tools that manage keys use them; what is checked is the target. A FIFO or
 * device does not block.
 * Throws key-file-unreadable, key-file-not-regular, key-file-too-large (quarantine), keys-unreadable (wait) when the system is out of descriptors.
 */
export function readKeyFile(path: string, maxBytes: number = MAX_FILE_BYTES): KeyFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw openFault(path, error);
  }
  try {
    const stats = fstatSync(descriptor);
    check(path, stats, maxBytes);
    return { path, bytes: readUpTo(descriptor, path, maxBytes), mode: stats.mode & 0o7777, uid: stats.uid };
  } catch (error) {
    throw error instanceof SealdropError ? error : openFault(path, error);
  } finally {
    closeSync(descriptor);
  }
}

function check(path: string, stats: Stats, maxBytes: number): void {
  if (!stats.isFile()) {
    throw keyFault('key-file-not-regular', `${path} is not a regular file`, `Remove ${path} and put the key or certificate file there.`);
  }
  if (stats.size > maxBytes) throw tooLarge(path, maxBytes);
}

/** The size is not trusted: the file may grow while it is read. */
function readUpTo(descriptor: number, path: string, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(16 * 1024);
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(chunks, total);
    total += count;
    if (total > maxBytes) throw tooLarge(path, maxBytes);
    chunks.push(chunk.subarray(0, count));
  }
}

function tooLarge(path: string, maxBytes: number): SealdropError {
  return keyFault(
    'key-file-too-large',
    `${path} is larger than ${maxBytes} bytes, so it is not what its name says`,
    `Replace ${path} with the key or certificate of this address alone.`,
  );
}

/** Lack of descriptors or memory, or a mount that is going away, is no fault of the file: intake waits (design, invariant I8). */
const RESOURCE_ERRORS: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE', 'EIO']);

function openFault(path: string, error: unknown): SealdropError {
  const errno = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (RESOURCE_ERRORS.has(errno)) {
    return new SealdropError('keys-unreadable', `cannot read ${path}: ${String(errno)}`, {
      disposition: 'wait',
      cure: 'Check the mount and the limits of the service (LimitNOFILE); sealdrop goes on by itself.',
      cause: error,
    });
  }
  // Of a name that was listed a moment ago: removed since, or a link to nothing.
  const [reason, cure] =
    errno === 'ENOENT'
      ? ['it is not there', `Put it there, or correct the name; if ${path} is a link, see what it leads to.`]
      : [String(errno ?? error), `Make ${path} readable for the user that reads it: sealdrop's, or you.`];
  return keyFault('key-file-unreadable', `cannot read ${path}: ${reason}`, cure, error);
}
