import { closeSync, constants, fchownSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeSync, writevSync } from 'node:fs';
import { diskFault, errnoOf, fsyncFault } from './faults.js';

/**
 * Writes a new file and makes its bytes durable. The name itself is durable only after `syncDirectory`.
 * Killed or failing in between: a partial file may be left by a kill; on an error it is removed again. An existing file is an error
 * (`EEXIST`), never overwritten.
 */
export function writeNewFile(path: string, chunks: Iterable<Uint8Array>, options: { mode: number; gid?: number | undefined }): void {
  const descriptor = openNewFile(path, options);
  try {
    writeChunks(descriptor, chunks, path);
    syncDescriptor(descriptor, path);
  } catch (error) {
    removeIfThere(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a file that must not be there yet, for writing. */
export function openNewFile(path: string, { mode, gid }: { mode: number; gid?: number | undefined }): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  } catch (error) {
    throw diskFault(error, 'create', path);
  }
  try {
    if (gid !== undefined) fchownSync(descriptor, -1, gid);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    removeIfThere(path);
    throw diskFault(error, `give to group ${gid}`, path);
  }
}

/** Replaces a small file so that a reader, or a crash, finds the old bytes or the new ones, never a mixture; durable on return. */
export function replaceFile(directory: string, name: string, bytes: Uint8Array, mode: number): void {
  const temporary = `${directory}/.${name}.tmp`;
  removeIfThere(temporary);
  writeNewFile(temporary, [bytes], { mode });
  rename(temporary, `${directory}/${name}`);
  syncDirectory(directory);
}

/**
 * Puts a small new file in its place: a reader, or a crash, finds all of it or nothing; durable on return. A file that is there is never
 * replaced (`disk-error`, EEXIST). Killed in between: a dot-file is left, which the next call replaces.
 */
export function addFile(directory: string, name: string, bytes: Uint8Array, mode: number): void {
  const temporary = `${directory}/.${name}.tmp`;
  removeIfThere(temporary);
  writeNewFile(temporary, [bytes], { mode });
  try {
    linkSync(temporary, `${directory}/${name}`);
  } catch (error) {
    throw diskFault(error, 'make', `${directory}/${name}`);
  } finally {
    removeIfThere(temporary);
  }
  syncDirectory(directory);
}

/** Makes the names in a directory durable (renames, links and new files in it). */
export function syncDirectory(path: string): void {
  const descriptor = openDirectory(path);
  try {
    syncDescriptor(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}

/** A descriptor of a directory, to make the names in it durable. */
export function openDirectory(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
}

export function syncDescriptor(descriptor: number, path: string): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    throw fsyncFault(error, path);
  }
}

export function writeAll(descriptor: number, bytes: Uint8Array, path: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done);
  } catch (error) {
    throw diskFault(error, 'write', path);
  }
}

/** Small chunks share a system call; large ones are written as they come, so that they can be made one after the other. */
export function writeChunks(descriptor: number, chunks: Iterable<Uint8Array>, path: string): void {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < GATHERED_BYTES) continue;
    gatherAll(descriptor, held, heldBytes, path);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) gatherAll(descriptor, held, heldBytes, path);
}

const GATHERED_BYTES = 64 * 1024;

function gatherAll(descriptor: number, chunks: readonly Uint8Array[], sizeBytes: number, path: string): void {
  let done: number;
  try {
    done = writevSync(descriptor, chunks);
  } catch (error) {
    throw diskFault(error, 'write', path);
  }
  // Seldom: the kernel took a part of it.
  if (done < sizeBytes) writeAll(descriptor, Buffer.concat(chunks, sizeBytes).subarray(done), path);
}

export function rename(from: string | Buffer, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw diskFault(error, `rename ${from.toString()} to`, to);
  }
}

export function removeIfThere(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw diskFault(error, 'remove', path.toString());
  }
}
