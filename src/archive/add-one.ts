import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openNewFile, removeIfThere, rename, syncDescriptor, syncDirectory, writeAll } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import type { Octets } from '../message/octets.js';
import { entryOf, findEntry } from './entry.js';
import { type EntryWriter, mostCompressedBytes } from './entry-writer.js';
import { archiveDay } from './path.js';
import { requireSecond, secondFault } from './second.js';
import type { StoredEntry } from './settings.js';
import { addToArchive, makeDay, syncArchive } from './store.js';

/**
 * Gives one original its place in the archive, durable on return, in both locations: for what does not go through a batch (dropped, or
 * archived under an earlier record). An entry that is there stays: it is whole, since a file gets its name when it is. Killed in between: a
 * dot-file is left, which the next call replaces. Throws SealdropError, as EntryWriter does.
 */
export async function addOne(writer: EntryWriter, id: string, ownCopy: string): Promise<StoredEntry> {
  const { directory } = writer.settings;
  const found = findEntry(directory, id);
  const plain = found === undefined ? writer.isPlain : !found.form.compressed && !found.form.encrypted;
  if (plain) {
    addToArchive(directory, id, ownCopy);
    syncArchive(directory, [id]);
    const { path } = entryOf(id, { compressed: false, encrypted: false });
    return { archive: path, ...(await addSecond(writer, id, path)) };
  }
  const { path, form } = found ?? (await addFile(writer, id, ownCopy));
  const stored = await digestOf(`${directory}/${path}`);
  // Of an entry found, only its first record knows to whom it is encrypted.
  const encryptedTo = found === undefined ? writer.encryptedTo(form.encrypted) : {};
  return { archive: path, stored: { ...stored, ...encryptedTo }, ...(await addSecond(writer, id, path)) };
}

async function addFile(writer: EntryWriter, id: string, ownCopy: string) {
  const { directory, group } = writer.settings;
  const small = statSync(ownCopy).size <= mostCompressedBytes;
  const { form, octets } = small ? await writer.prepare(readFileSync(ownCopy)) : writer.prepared(fileOctets(ownCopy));
  const entry = entryOf(id, form);
  makeDay(directory, archiveDay(id));
  await writeWhole(`${directory}/${archiveDay(id)}`, `${directory}/${entry.path}`, octets ?? fileOctets(ownCopy), group);
  return entry;
}

async function addSecond({ settings }: EntryWriter, id: string, path: string): Promise<{ second?: true }> {
  const { directory, second } = settings;
  if (second === undefined) return {};
  requireSecond(second);
  try {
    const file = `${second.directory}/${path}`;
    const wanted = await digestOf(`${directory}/${path}`);
    if (!existsSync(file) || (await digestOf(file)).sha256 !== wanted.sha256) {
      makeDay(second.directory, archiveDay(id));
      await writeWhole(`${second.directory}/${archiveDay(id)}`, file, fileOctets(`${directory}/${path}`), undefined);
    }
  } catch (error) {
    throw secondFault(second.directory)(error);
  }
  requireSecond(second);
  return { second: true };
}

/** Gives way between pieces: it may be as large as a file can be, and the daemon's main thread may be asking. */
async function writeWhole(directory: string, path: string, octets: Octets, gid: number | undefined): Promise<void> {
  const temporary = `${directory}/.${path.slice(path.lastIndexOf('/') + 1)}.tmp`;
  removeIfThere(temporary);
  const descriptor = openNewFile(temporary, { mode: 0o440, gid });
  try {
    let written = 0;
    for (const piece of octets.pieces()) {
      writeAll(descriptor, piece, temporary);
      written += piece.length;
      if (written > stretchBytes) {
        written = 0;
        await setImmediate();
      }
    }
    syncDescriptor(descriptor, temporary);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  rename(temporary, path);
  syncDirectory(directory);
}

const stretchBytes = 4 << 20;
const pieceBytes = 1 << 20;

/** A file that nobody changes. */
function fileOctets(path: string): Octets {
  return {
    sizeBytes: statSync(path).size,
    *pieces() {
      const descriptor = opened(path);
      try {
        for (;;) {
          const piece = Buffer.allocUnsafe(pieceBytes);
          const got = readSync(descriptor, piece);
          if (got === 0) return;
          yield piece.subarray(0, got);
        }
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

async function digestOf(path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  const { sizeBytes, pieces } = fileOctets(path);
  let read = 0;
  for (const piece of pieces()) {
    hash.update(piece);
    read += piece.length;
    if (read % (16 << 20) === 0) await setImmediate();
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw diskFault(error, errnoOf(error) === undefined ? 'open' : 'read', path);
  }
}
