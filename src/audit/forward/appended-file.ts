import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';

/**
 * A file that is only ever added to (O_APPEND; `chattr +a` allows no more), opened for each step and closed again: another may put a file in its
 * place at any time. Asynchronous throughout, for a dead file server can hold a call for minutes.
 */
export async function withAppended<T>(
  path: string,
  options: { create: boolean; mode: number },
  step: (file: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T> {
  let file: FileHandle;
  try {
    const create = options.create ? constants.O_CREAT : 0;
    // Read as well: what stands there is compared, never overwritten.
    file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | create, options.mode);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notAFile(path);
    return await step(file, stats.size);
  } catch (error) {
    throw error instanceof SealdropError ? error : diskFault(error, 'add to', path);
  } finally {
    await file.close().catch(() => {});
  }
}

export async function appendAll(file: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    if (bytesWritten === 0) throw diskFault({ code: 'ENOSPC' }, 'add to', path);
    done += bytesWritten;
  }
}

/** A failed sync is no reason to stop here: the step is done again from what is known to be there, with another descriptor. */
export async function syncAppended(file: FileHandle, path: string): Promise<void> {
  try {
    await file.datasync();
  } catch (error) {
    throw new SealdropError('forward-sync-failed', `fsync of ${path} failed: ${errnoOf(error) ?? String(error)}`, {
      disposition: 'wait',
      cure: 'Check that disk; what may not be there is written again.',
      cause: error,
    });
  }
}

export async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(sizeBytes);
  let got = 0;
  while (got < sizeBytes) {
    const { bytesRead } = await file.read(piece, got, sizeBytes - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return piece.subarray(0, got);
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw diskFault(error, 'look at', path);
  }
}

function notAFile(path: string): SealdropError {
  return new SealdropError('forward-not-a-file', `${path} is not a regular file`, {
    disposition: 'wait',
    cure: 'Move away what stands there, or name another path.',
  });
}
