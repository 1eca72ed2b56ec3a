import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { isWait } from '../errors.js';
import { openDirectory, openNewFile, removeIfThere, syncDescriptor, writeChunks, writeNewFile } from './durable.js';
import { fsyncFault } from './faults.js';

export interface NewFileOptions {
  readonly mode: number;
  readonly gid?: number | undefined;
  readonly faultOf?: FaultOf | undefined;
}

/**
 * What an error means there, if something else than elsewhere: for a place whose failing must not end the daemon. Whoever gives one
 * replaces what an error has left there, since it may not be possible to remove it.
 */
export type FaultOf = (error: unknown) => unknown;

/** Writes new files; when their bytes are durable is the implementation's matter. */
export interface FileWriter {
  /** The chunks may be made as they are asked for; if making or writing them fails, nothing of the file is left. */
  write(path: string, chunks: Iterable<Uint8Array>, options: NewFileOptions): void;
}

/** A FileWriter that makes the names in directories durable too, when it makes the bytes durable. */
export interface GroupWriter extends FileWriter {
  syncNames(directory: string, faultOf?: FaultOf): void;
}

/** Durable on return of `write`. */
export const atOnce: FileWriter = { write: writeNewFile };

const fsyncLater = promisify(fsync);

/** A batch may be thousands of files (a copy for each blind recipient); descriptors are few. A full batch of ordinary messages fits. */
const maxOpenFiles = 160;

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
  readonly faultOf: FaultOf | undefined;
}

/**
 * Runs `work`, which writes several new files, and makes their bytes, and the names in the directories it gives to `syncNames`, durable
 * together: a disk takes its time for each fsync, and the waits overlap, as far as `maxOpenFiles` reaches. Names and bytes need no order
 * among them: nothing refers to either before both are durable. Either all is durable on return, or the error left none of the files.
 * Killed in between: whole or partial files may be left, as after `writeNewFile`.
 */
export async function writeTogether<T>(work: (files: GroupWriter) => T): Promise<T> {
  const written: { readonly path: string; readonly faultOf: FaultOf | undefined }[] = [];
  const open: OpenFile[] = [];
  const directories = new Map<string, FaultOf | undefined>();
  const files: GroupWriter = {
    write: (path, chunks, options) => {
      const { faultOf } = options;
      if (open.length === maxOpenFiles) for (const file of open.splice(0)) syncAndClose(file);
      const descriptor = meaning(faultOf, () => openNewFile(path, options));
      try {
        meaning(faultOf, () => writeChunks(descriptor, chunks, path));
      } catch (error) {
        close(descriptor, faultOf);
        remove(path, faultOf);
        throw error;
      }
      written.push({ path, faultOf });
      open.push({ path, descriptor, faultOf });
    },
    syncNames: (directory, faultOf) => {
      directories.set(directory, faultOf);
    },
  };
  try {
    const result = work(files);
    for (const [path, faultOf] of directories) open.push({ path, descriptor: meaning(faultOf, () => openDirectory(path)), faultOf });
    await syncAll(open);
    return result;
  } catch (error) {
    for (const { path, faultOf } of written) remove(path, faultOf);
    throw error;
  } finally {
    for (const { descriptor, faultOf } of open) close(descriptor, faultOf);
  }
}

function meaning<T>(faultOf: FaultOf | undefined, step: () => T): T {
  if (faultOf === undefined) return step();
  try {
    return step();
  } catch (error) {
    throw faultOf(error);
  }
}

function remove(path: string, faultOf: FaultOf | undefined): void {
  try {
    removeIfThere(path);
  } catch (error) {
    if (faultOf === undefined) throw error;
  }
}

/** A network's file system may say when a file is closed what it has said of its fsync already. */
function close(descriptor: number, faultOf: FaultOf | undefined): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    if (faultOf === undefined) throw error;
  }
}

/** Makes the names in several directories durable, all at the same time. */
export async function syncDirectories(paths: readonly string[]): Promise<void> {
  await writeTogether(({ syncNames }) => {
    for (const path of paths) syncNames(path);
  });
}

/** Waits for every fsync, also after one failed: a descriptor is not closed while the kernel works on it. */
async function syncAll(open: readonly OpenFile[]): Promise<void> {
  const ends = await Promise.allSettled(open.map(({ descriptor }) => fsyncLater(descriptor)));
  const faults = ends.flatMap((end, index) => (end.status === 'rejected' ? [faultAt(open[index], end.reason)] : []));
  // One that ends the daemon must not hide behind one that is waited for.
  const worst = faults.find((fault) => !isWait(fault)) ?? faults[0];
  if (worst !== undefined) throw worst;
}

function faultAt(file: OpenFile | undefined, reason: unknown): unknown {
  const fault = fsyncFault(reason, file?.path ?? '');
  return file?.faultOf === undefined ? fault : file.faultOf(fault);
}

function syncAndClose({ path, descriptor, faultOf }: OpenFile): void {
  try {
    meaning(faultOf, () => syncDescriptor(descriptor, path));
  } finally {
    close(descriptor, faultOf);
  }
}
