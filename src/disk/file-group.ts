import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { openNewFile, removeIfThere, writeAll, writeNewFile } from './durable.js';
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

/**
 * Runs `work`, which writes several new files, and makes their bytes durable together: a disk takes its time for each fsync, and the
 * waits overlap. Either all files are durable on return, or the error left none of them. Killed in between: whole or partial files may
 * be left, as after `writeNewFile`.
 */
export async function writeTogether<T>(work: (files: FileWriter) => T): Promise<T> {
  const written: { path: string; descriptor: number }[] = [];
  const files: FileWriter = {
    write: (path, chunks, options) => {
      const descriptor = openNewFile(path, options);
      written.push({ path, descriptor });
      for (const chunk of chunks) writeAll(descriptor, chunk, path);
    },
  };
  try {
    const result = work(files);
    await Promise.all(
      written.map(({ path, descriptor }) => fsyncLater(descriptor).catch((error: unknown) => Promise.reject(fsyncFault(error, path)))),
    );
    return result;
  } catch (error) {
    for (const { path } of written) removeIfThere(path);
    throw error;
  } finally {
    for (const { descriptor } of written) closeSync(descriptor);
  }
}
