import { type Dir, existsSync, linkSync, mkdirSync, opendirSync, readdirSync, statSync } from 'node:fs';
import { removeIfThere, rename, syncDirectory, writeNewFile } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { type ArchiveEntry, entryNamed } from './entry.js';
import { archiveDay, archivePath } from './path.js';
import { type SealedEntry, sealedEntryNamed } from './sealed-entry.js';

/**
 * Gives an original its place in the archive: a hard link to our own durable copy in the spool, so that no byte is copied. The entry
 * is durable after `syncArchive`. Doing it again after a crash changes nothing; another file at that place is never replaced.
 */
export function addToArchive(archive: string, id: string, ownCopy: string): void {
  const path = `${archive}/${archivePath(id)}`;
  try {
    linkIntoDay(archive, id, ownCopy, path);
  } catch (error) {
    if (error instanceof SealdropError) throw error;
    const code = errnoOf(error);
    if (code === 'EEXIST') {
      if (isSameFile(ownCopy, path)) return;
      throw archiveConflict(path, id);
    }
    if (code === 'EXDEV') {
      throw new SealdropError('archive-other-mount', `${archive} is on another mount than the spool`, {
        disposition: 'fatal',
        cure: 'Keep archive and work directories on one mount: the archive entry is a hard link.',
        cause: error,
      });
    }
    throw diskFault(error, 'link', path);
  }
}

/** Nothing in the archive is ever written over. */
export function archiveConflict(path: string, id: string): SealdropError {
  return new SealdropError('archive-conflict', `${path} is there already and is not the original of message ${id}`, {
    disposition: 'fatal',
    cure: 'Somebody put a file into the archive: move it away, run `sealdrop audit verify`, and start again.',
  });
}

/** Takes a link back of which no record was made yet: our own copy went, and the message is written anew. */
export function removeLink(archive: string, id: string): void {
  removeIfThere(`${archive}/${archivePath(id)}`);
}

/** The day's directory is made when it is missed, for most messages find it; another worker may be making it at the same time. */
function linkIntoDay(archive: string, id: string, ownCopy: string, path: string): void {
  try {
    linkSync(ownCopy, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    makeDay(archive, archiveDay(id));
    linkSync(ownCopy, path);
  }
}

/** Makes the entries of these messages durable: one fsync a day directory. */
export function syncArchive(archive: string, ids: readonly string[]): void {
  for (const directory of new Set(ids.map((id) => archiveDirectoryOf(archive, id)))) syncDirectory(directory);
}

/** The directory that holds a message's entry. */
export function archiveDirectoryOf(archive: string, id: string): string {
  return `${archive}/${archiveDay(id)}`;
}

/**
 * Keeps a certificate once, as `certs/<fingerprint>.der`, durable on return. The audit names certificates by fingerprint only.
 * Killed in between: a `.tmp` file is left, replaced next time.
 */
export function keepCertificate(archive: string, fingerprint: string, der: Buffer): void {
  const directory = `${archive}/certs`;
  const path = `${directory}/${fingerprint}.der`;
  if (existsSync(path)) return;
  makeDirectory(directory);
  const temporary = `${directory}/.${fingerprint}.${process.pid}-${process.hrtime.bigint()}.tmp`;
  try {
    writeNewFile(temporary, [der], { mode: 0o440 });
    rename(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  syncDirectory(directory);
}

export type ArchivedFile =
  | ({ readonly kind: 'original' } & ArchiveEntry)
  | ({ readonly kind: 'sealed' } & SealedEntry)
  | { readonly kind: 'stranger'; readonly path: string };

/**
 * Every original in the archive, in whatever form, and every sealed copy kept beside one, by days; within a day in the directory's order,
 * so that memory does not grow with it. Other files are yielded as strangers.
 */
export function* archivedFiles(archive: string): Generator<ArchivedFile> {
  for (const year of names(archive)) {
    if (year === 'certs') continue;
    for (const month of names(`${archive}/${year}`)) {
      for (const day of names(`${archive}/${year}/${month}`)) {
        for (const name of namesIn(`${archive}/${year}/${month}/${day}`)) yield archivedFile(`${year}/${month}/${day}/${name}`);
      }
    }
  }
}

function archivedFile(path: string): ArchivedFile {
  const entry = entryNamed(path);
  if (entry !== undefined) return { kind: 'original', ...entry };
  const sealed = sealedEntryNamed(path);
  return sealed === undefined ? { kind: 'stranger', path } : { kind: 'sealed', ...sealed };
}

/** Makes the directory of a message's day, and those above it within the archive, durable on return. */
export function makeDay(archive: string, day: string): void {
  let path = archive;
  for (const part of day.split('/')) {
    const parent = path;
    path = `${parent}/${part}`;
    if (existsSync(path)) continue;
    makeDirectory(path);
    syncDirectory(parent);
  }
}

/** Group and set-group-ID bit come from the archive directory itself, so that its auditors' group reads what is added. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o2750 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw diskFault(error, 'make', path);
  }
}

/** The names in a directory as they come, none if it is not there. A day may have a million. */
export function* namesIn(path: string): Generator<string> {
  let directory: Dir;
  try {
    directory = opendirSync(path, { bufferSize: 1024 });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return;
    throw diskFault(error, 'list', path);
  }
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) yield entry.name;
  } catch (error) {
    throw diskFault(error, 'list', path);
  } finally {
    directory.closeSync();
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw diskFault(error, 'list', path);
  }
}

/** Two names of one file; false if either is not there. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}
