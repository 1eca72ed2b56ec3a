import { createRequire } from 'node:module';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';

/** What of libsql is used; values are numbers, text, octets and null. Octets are got as Buffer from `get`, as ArrayBuffer from `iterate`. */
export interface IndexDatabase {
  exec(sql: string): void;
  prepare(sql: string): IndexStatement;
  close(): void;
}

/** Values are given as a list, for a single one that is null or octets would be taken for one. Kept and used again: libsql frees them late. */
export interface IndexStatement {
  run(values: readonly IndexValue[]): { lastInsertRowid: number };
  get(values?: readonly IndexValue[]): Row | undefined;
  iterate(values: readonly IndexValue[]): IterableIterator<Row>;
}

export type IndexValue = number | string | Buffer | null;
export type Row = Readonly<Record<string, number | string | ArrayBuffer | Buffer | null>>;

/** How long a statement waits for a writer, or for readers, to let go of the file. */
const busyMs = 10_000;
const require = createRequire(import.meta.url);

/**
 * Opens a database file, making it if it is not there. libsql is native code of 9 MB and is loaded here, when somebody searches or the index
 * is brought up to date, and never in the daemon.
 */
export function openDatabase(path: string, waitMs = busyMs): IndexDatabase {
  return guarded(path, () => {
    const Database = require('libsql') as new (path: string) => IndexDatabase;
    const database = new Database(path);
    database.exec(`pragma busy_timeout=${waitMs}`);
    return database;
  });
}

/** Runs what uses a database, and words what it throws. */
export function guarded<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw indexFault(error, path);
  }
}

/** The file is no database of ours any more; it is a cache, so a new one is made. */
export function isDamaged(error: unknown): boolean {
  return error instanceof SealdropError && error.code === 'index-damaged';
}

export function isBusy(error: unknown): boolean {
  return error instanceof SealdropError && error.code === 'index-busy';
}

/** Words what SQLite says; other errors are as they were. */
export function indexFault(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (error instanceof SealdropError || code === undefined || !code.startsWith('SQLITE_')) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new SealdropError('index-busy', `${path} is in use by another process: ${text}`, {
      disposition: 'wait',
      cure: 'Try again in a moment: the index is being brought up to date.',
      cause: error,
    });
  }
  // SQLITE_ERROR: a table or column that is not as it was made.
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT|ERROR|SCHEMA|MISMATCH|CONSTRAINT)/.test(code)) {
    return new SealdropError('index-damaged', `${path} is damaged: ${text}`, {
      disposition: 'fatal',
      cure: 'It is only a cache: run `sealdrop archive index --rebuild`, as the user sealdrop runs as.',
      cause: error,
    });
  }
  return new SealdropError('index-unusable', `cannot use ${path}: ${text} (${code})`, {
    disposition: 'wait',
    cure: 'Look at free space and permissions there; mail does not depend on it, and the index can be deleted and made again.',
    cause: error,
  });
}
