import { existsSync } from 'node:fs';
import { isStillThere, type Reached } from './chain-reader.js';
import { guarded, type IndexDatabase, isDamaged, openDatabase } from './database.js';
import { makeReadable, removeDatabase } from './place.js';
import { createTables, hasOurTables } from './schema.js';

/** Why an index cannot be used as it is, for people. */
export type Unusable = 'is not there' | 'is damaged' | 'was made by another version' | 'belongs to another audit trail';

export type OpenedIndex = { readonly database: IndexDatabase; readonly reached: Reached | undefined } | { readonly unusable: Unusable };

/**
 * Opens an index file and looks whether it is one of this version and, where `audit` is given, of the audit trail there. Damage behind that
 * shows when it is used (`isDamaged`).
 */
export function openIndex(path: string, audit: string | undefined): OpenedIndex {
  if (!existsSync(path)) return { unusable: 'is not there' };
  let database: IndexDatabase | undefined;
  try {
    const opened = openDatabase(path);
    database = opened;
    return guarded(path, () => {
      if (!hasOurTables(opened)) return closed(opened, 'was made by another version');
      const reached = reachedIn(opened);
      if (audit !== undefined && reached !== undefined && !isStillThere(audit, reached))
        return closed(opened, 'belongs to another audit trail');
      return { database: opened, reached };
    });
  } catch (error) {
    if (!isDamaged(error)) throw error;
    if (database !== undefined) closed(database, 'is damaged');
    return { unusable: 'is damaged' };
  }
}

/** A new, empty index in place of whatever is there. */
export function createIndex(path: string): IndexDatabase {
  removeDatabase(path);
  const database = openDatabase(path);
  makeReadable(path);
  guarded(path, () => createTables(database));
  return database;
}

function reachedIn(database: IndexDatabase): Reached | undefined {
  const row = database.prepare("select value from meta where key='reached'").get();
  return typeof row?.value === 'string' ? (JSON.parse(row.value) as Reached) : undefined;
}

export function setReached(database: IndexDatabase, reached: Reached): void {
  database.prepare("insert or replace into meta(key, value) values('reached', ?)").run([JSON.stringify(reached)]);
}

/** Was it left by a run that came to the end of a batch? */
export function isInOrder(database: IndexDatabase): boolean {
  return database.prepare("select value from meta where key='order'").get()?.value === 'whole';
}

export function setInOrder(database: IndexDatabase, whole: boolean): void {
  database.prepare("insert or replace into meta(key, value) values('order', ?)").run([whole ? 'whole' : 'being written']);
}

function closed(database: IndexDatabase, unusable: Unusable): OpenedIndex {
  database.close();
  return { unusable };
}
