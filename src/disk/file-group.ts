import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { openNewFile, removeIfThere, syncDescriptor, writeAll, writeNewFile } from './durable.js';
import { fsyncFault } from './faults.js';

export interface NewFileOptions {
  readonly mode: number;
  readonly gid?: number | undefined;
}

/** Writes new files; when their bytes are durable is the implementation's matter. */
export interface FileWriter {
  write(path: string, chunks: readonly Uint8Array[], options: NewFileOptions): void;
}

/** Durable on return of `write`. */
export const atOnce: FileWriter = { write: writeNewFile };

const fsyncLater = promisify(fsync);

/** A batch may be thousands of files (a copy for each blind recipient); descriptors are few. */
const maxOpenFiles = 64;

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Runs `work`, which writes several new files, and makes their bytes durable together: a disk takes its time for each fsync, and the
 * waits overlap, as far as `maxOpenFiles` reaches. Either all files are durable on return, or the error left none of them. Killed in
 * between: whole or partial files may be left, as after `writeNewFile`.
 */
export async function writeTogether<T>(work: (files: FileWriter) => T): Promise<T> {
  const written: string[] = [];
  const open: OpenFile[] = [];
  const files: FileWriter = {
    write: (path, chunks, options) => {
      if (open.length === maxOpenFiles) for (const file of open.splice(0)) syncAndClose(file);
      const descriptor = openNewFile(path, options);
      written.push(path);
      open.push({ path, descriptor });
      for (const chunk of chunks) writeAll(descriptor, chunk, path);
    },
  };
  try {
    const result = work(files);
    await Promise.all(
      open.map(({ path, descriptor }) => fsyncLater(descriptor).catch((error: unknown) => Promise.reject(fsyncFault(error, path)))),
    );
    return result;
  } catch (error) {
    for (const path of written) removeIfThere(path);
    throw error;
  } finally {
    for (const { descriptor } of open) closeSync(descriptor);
  }
}

function syncAndClose({ path, descriptor }: OpenFile): void {
  try {
    syncDescriptor(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}
