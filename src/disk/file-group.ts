import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { openDirectory, openNewFile, removeIfThere, syncDescriptor, writeChunks, writeNewFile } from './durable.js';
import { fsyncFault } from './faults.js';

export interface NewFileOptions {
  readonly mode: number;
  readonly gid?: number | undefined;
}

/** Writes new files; when their bytes are durable is the implementation's matter. */
export interface FileWriter {
  /** The chunks may be made as they are asked for; if making or writing them fails, nothing of the file is left. */
  write(path: string, chunks: Iterable<Uint8Array>, options: NewFileOptions): void;
}

/** A FileWriter that makes the names in directories durable too, when it makes the bytes durable. */
export interface GroupWriter extends FileWriter {
  syncNames(directory: string): void;
}

/** Durable on return of `write`. */
export const atOnce: FileWriter = { write: writeNewFile };

const fsyncLater = promisify(fsync);

/** A batch may be thousands of files (a copy for each blind recipient); descriptors are few. A full batch of ordinary messages fits. */
const maxOpenFiles = 160;

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Runs `work`, which writes several new files, and makes their bytes, and the names in the directories it gives to `syncNames`, durable
 * together: a disk takes its time for each fsync, and the waits overlap, as far as `maxOpenFiles` reaches. Names and bytes need no order
 * among them: nothing refers to either before both are durable. Either all is durable on return, or the error left none of the files.
 * Killed in between: whole or partial files may be left, as after `writeNewFile`.
 */
export async function writeTogether<T>(work: (files: GroupWriter) => T): Promise<T> {
  const written: string[] = [];
  const open: OpenFile[] = [];
  const directories = new Set<string>();
  const files: GroupWriter = {
    write: (path, chunks, options) => {
      if (open.length === maxOpenFiles) for (const file of open.splice(0)) syncAndClose(file);
      const descriptor = openNewFile(path, options);
      try {
        writeChunks(descriptor, chunks, path);
      } catch (error) {
        closeSync(descriptor);
        removeIfThere(path);
        throw error;
      }
      written.push(path);
      open.push({ path, descriptor });
    },
    syncNames: (directory) => {
      directories.add(directory);
    },
  };
  try {
    const result = work(files);
    for (const path of directories) open.push({ path, descriptor: openDirectory(path) });
    await syncAll(open);
    return result;
  } catch (error) {
    for (const path of written) removeIfThere(path);
    throw error;
  } finally {
    for (const { descriptor } of open) closeSync(descriptor);
  }
}

/** Makes the names in several directories durable, all at the same time. */
export async function syncDirectories(paths: readonly string[]): Promise<void> {
  await writeTogether(({ syncNames }) => paths.forEach(syncNames));
}

/** Waits for every fsync, also after one failed: a descriptor is not closed while the kernel works on it. */
async function syncAll(open: readonly OpenFile[]): Promise<void> {
  const ends = await Promise.allSettled(open.map(({ descriptor }) => fsyncLater(descriptor)));
  ends.forEach((end, index) => {
    if (end.status === 'rejected') throw fsyncFault(end.reason, open[index]?.path ?? '');
  });
}

function syncAndClose({ path, descriptor }: OpenFile): void {
  try {
    syncDescriptor(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}
