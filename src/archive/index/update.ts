import { closeSync, openSync, statSync } from 'node:fs';
import { chainName, segments } from '../../audit/files.js';
import { rename, syncDescriptor, syncDirectory } from '../../disk/durable.js';
import { Batch, wantedEvents } from './batch.js';
import { type Reached, recordsAfter } from './chain-reader.js';
import { guarded, type IndexDatabase, indexFault, isBusy, isDamaged, openDatabase } from './database.js';
import { readHead } from './head.js';
import { createIndex, isInOrder, openIndex, setInOrder, setReached } from './open-index.js';
import { buildingFile, type IndexPlace, indexFile, lockFile, makeIndexDirectory, makeReadable, removeDatabase } from './place.js';
import { Tables } from './tables.js';

export interface UpdateOptions {
  /** Makes a new index, whatever there is. */
  readonly rebuild?: boolean | undefined;
  /** Told after each batch. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Told why a new index has to be made. */
  readonly onNote?: ((text: string) => void) | undefined;
  readonly isStopping?: (() => boolean) | undefined;
  /** How long another writer is waited for. */
  readonly waitMs?: number | undefined;
}

export interface Progress {
  /** Octets of the chain. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly messages: number;
}

export type UpdateResult =
  /** `records`, `messages`: read and written by this run. */
  | {
      readonly kind: 'current';
      readonly records: number;
      readonly messages: number;
      readonly reached: Reached | undefined;
      readonly rebuilt: boolean;
    }
  /** Somebody else is writing. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'stopped' };

/**
 * Brings the index up to the end of the chain there is now; makes a new one where there is none that can be used. Killed at any point: what a
 * batch has changed, and the place in the chain it has reached, are one transaction, and the next run goes on from there. A new index is made
 * aside and takes the old one's place when it has reached the end; until then the old one is searched.
 */
export async function updateIndex(place: IndexPlace, options: UpdateOptions = {}): Promise<UpdateResult> {
  makeIndexDirectory(place);
  const lock = openDatabase(lockFile(place), options.waitMs ?? 0);
  try {
    makeReadable(lockFile(place), 0o600);
    // Ends with this process, whatever ends it: locks of fcntl(2).
    guarded(lockFile(place), () => lock.exec('begin exclusive'));
    return await updateAlone(place, options);
  } catch (error) {
    // A lock that is damaged would keep the index from ever being brought up to date.
    if (isDamaged(error)) removeDatabase(lockFile(place));
    if (isBusy(error)) return { kind: 'busy' };
    throw error;
  } finally {
    lock.close();
  }
}

async function updateAlone(place: IndexPlace, options: UpdateOptions): Promise<UpdateResult> {
  const path = indexFile(place);
  if (options.rebuild !== true) {
    try {
      const opened = openIndex(path, place.audit);
      if ('database' in opened) {
        removeDatabase(buildingFile(place));
        return await closing(opened.database, () => catchUp(opened.database, opened.reached, place, options));
      }
      if (opened.unusable !== 'is not there') options.onNote?.(`the index ${path} ${opened.unusable}; a new one is made`);
    } catch (error) {
      const fault = indexFault(error, path);
      if (!isDamaged(fault)) throw fault;
      options.onNote?.(`the index ${path} is damaged; a new one is made`);
    }
  }
  return build(place, options);
}

/**
 * Makes a new index in a file that no kill has to leave whole, and so without journal: with one, every batch would write down half of all
 * pages first. It says of itself whether it was left in good order, by a run that was told to stop; only then it is gone on with.
 */
async function build(place: IndexPlace, options: UpdateOptions): Promise<UpdateResult> {
  const path = buildingFile(place);
  const begun = options.rebuild === true ? undefined : leftInOrder(path, place.audit);
  const { database, reached } = begun ?? { database: createIndex(path), reached: undefined };
  let result: UpdateResult;
  try {
    result = await closing(database, async () => {
      database.exec('pragma journal_mode=off; pragma synchronous=off');
      setInOrder(database, false);
      const ended = await catchUp(database, reached, place, options);
      setInOrder(database, true);
      return ended;
    });
  } catch (error) {
    removeDatabase(path);
    throw indexFault(error, path);
  }
  if (result.kind !== 'current') return result;
  syncFile(path);
  // Killed before, or in between: the next run finds the new one in order, and does this. The old one's journal goes with it: it would be
  // played back into the new one.
  removeDatabase(indexFile(place));
  rename(path, indexFile(place));
  syncDirectory(place.index);
  return { ...result, rebuilt: true };
}

function leftInOrder(path: string, audit: string): { database: IndexDatabase; reached: Reached | undefined } | undefined {
  const opened = openIndex(path, audit);
  if (!('database' in opened)) return undefined;
  if (isInOrder(opened.database)) return opened;
  opened.database.close();
  return undefined;
}

const maxMessages = 4096;
const maxRecords = 20_000;

async function catchUp(
  database: IndexDatabase,
  from: Reached | undefined,
  place: IndexPlace,
  options: UpdateOptions,
): Promise<UpdateResult> {
  // What is deleted is overwritten with zeros; what is sorted is kept in memory.
  database.exec('pragma secure_delete=on; pragma temp_store=memory; pragma cache_size=-65536');
  const batch = new Batch(database, new Tables(database), (file) => readHead(`${place.archive}/${file}`, file.endsWith('.gz')));
  let [records, messages, pending] = [0, 0, 0];
  let reached = from;
  const write = async (): Promise<void> => {
    if (pending === 0 || reached === undefined) return;
    const at = reached;
    messages += batch.size;
    inTransaction(database, () => {
      batch.write();
      setReached(database, at);
    });
    pending = 0;
    options.onProgress?.({ ...bytesOf(place.audit, at), messages });
    // Signals are heard here.
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const record of recordsAfter(place.audit, from, wantedEvents)) {
    batch.take(record);
    reached = record.reached;
    records++;
    pending++;
    if (batch.size < maxMessages && pending < maxRecords) continue;
    await write();
    if (options.isStopping?.() === true) return { kind: 'stopped' };
  }
  await write();
  return { kind: 'current', records, messages, reached, rebuilt: false };
}

function inTransaction(database: IndexDatabase, work: () => void): void {
  database.exec('begin immediate');
  try {
    work();
    database.exec('commit');
  } catch (error) {
    try {
      database.exec('rollback');
    } catch {
      // A full disk, for one, has rolled it back already; what happened first is what is told.
    }
    throw error;
  }
}

function bytesOf(audit: string, { segment, offset }: Reached): { doneBytes: number; totalBytes: number } {
  let [doneBytes, totalBytes] = [offset, 0];
  for (const each of segments(audit)) {
    const { size } = statSync(`${audit}/${chainName(each)}`);
    totalBytes += size;
    if (each < segment) doneBytes += size;
  }
  return { doneBytes, totalBytes };
}

async function closing<T>(database: IndexDatabase, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    database.close();
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    syncDescriptor(file, path);
  } finally {
    closeSync(file);
  }
}
