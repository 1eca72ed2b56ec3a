import { createHash } from 'node:crypto';
import { constants, readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { removeIfThere, rename, replaceFile, syncDirectory } from '../disk/durable.js';
import { diskFault, errnoOf, fsyncFault } from '../disk/faults.js';
import { copyName, parseCopyName } from './layout.js';

/** `<id>-<n>.json` beside a sealed copy that is held, or that a person has released. */
export interface RefusedCopy {
  readonly version: 1;
  readonly id: string;
  readonly number: number;
  /** The submitted file name. */
  readonly file: string;
  /** What it was called in the MTA's bad directory, and which file it was there (see `stampOf`). */
  readonly foundAs: string;
  readonly stamp: string;
  readonly time: string;
  readonly code: string;
  /** What was wrong, as a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly cure: string;
  /** The original, relative to the archive. */
  readonly archive: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file's bytes, hex. */
  readonly sha256: string;
  /** The bytes are those that were handed over. */
  readonly unaltered: boolean;
  /** Envelope recipients of this copy. */
  readonly recipients: readonly string[];
}

export interface CopiedFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** The id under which a person speaks of a copy: its name without the ending. */
export function copyIdOf({ id, number }: { readonly id: string; readonly number: number }): string {
  return `${id}-${number}`;
}

/** Names of the copies in a directory of refused or released ones, without ending. Names only: there may be many. */
export function refusedIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => parseCopyName(name) !== undefined)
      .map((name) => name.slice(0, -'.eml'.length))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskFault(error, 'list', directory);
  }
}

/** The note beside a copy; undefined if there is no such copy, or none that can be read. */
export function readRefused(directory: string, copyId: string): RefusedCopy | undefined {
  try {
    return JSON.parse(readFileSync(`${directory}/${copyId}.json`, 'utf8')) as RefusedCopy;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw diskFault(error, 'read', `${directory}/${copyId}.json`);
  }
}

export function writeRefused(directory: string, copy: RefusedCopy): void {
  replaceFile(directory, `${copyIdOf(copy)}.json`, Buffer.from(`${JSON.stringify(copy, null, 2)}\n`), 0o600);
}

/** Puts the copy that `copyFile` wrote beside it in its place; durable on return. From now on it is listed. */
export function placeRefused(directory: string, { id, number }: RefusedCopy): void {
  const name = copyName(id, number);
  rename(`${directory}/${temporaryName(name)}`, `${directory}/${name}`);
  syncDirectory(directory);
}

/** Moves a copy with its note. The place of the `.eml` says where it is; killed in between, a note without it means nothing. */
export function moveRefused(from: string, to: string, copy: RefusedCopy): void {
  writeRefused(to, copy);
  const name = copyName(copy.id, copy.number);
  rename(`${from}/${name}`, `${to}/${name}`);
  syncDirectory(to);
  syncDirectory(from);
  removeIfThere(`${from}/${copyIdOf(copy)}.json`);
}

export function removeRefused(directory: string, copy: { readonly id: string; readonly number: number }): void {
  removeIfThere(`${directory}/${copyName(copy.id, copy.number)}`);
  removeIfThere(`${directory}/${copyIdOf(copy)}.json`);
}

/** At start: what a kill has left beside the copies. The MTA's file is still in its bad directory, and is taken anew. */
export function sweepRefused(directory: string): void {
  const there = new Set(refusedIn(directory));
  for (const name of readdirSync(directory)) {
    const left = name.endsWith('.json') ? !there.has(name.slice(0, -'.json'.length)) : name.endsWith('.tmp');
    if (left) removeIfThere(`${directory}/${name}`);
  }
}

export function temporaryName(name: string): string {
  return `.${name}.tmp`;
}

/**
 * Copies a file, however large, and makes the copy's bytes durable; its name is durable after `syncDirectory`. A copy that is there is made
 * anew. Resolves with undefined if there is no such regular file. The two places may be on different mounts.
 */
export async function copyFile(from: string, to: string, mode: number): Promise<CopiedFile | undefined> {
  const source = await openRegular(from);
  if (source === undefined) return undefined;
  removeIfThere(to);
  let target: FileHandle | undefined;
  try {
    target = await opened(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
    const copied = await copyBytes(source, target, to);
    await target.sync().catch((error: unknown) => Promise.reject(fsyncFault(error, to)));
    return copied;
  } catch (error) {
    removeIfThere(to);
    throw error;
  } finally {
    await source.close();
    await target?.close();
  }
}

const pieceBytes = 1 << 20;

async function copyBytes(source: FileHandle, target: FileHandle, path: string): Promise<CopiedFile> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  let sizeBytes = 0;
  try {
    for (;;) {
      const { bytesRead } = await source.read(piece, 0, pieceBytes);
      if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') };
      const got = piece.subarray(0, bytesRead);
      hash.update(got);
      for (let done = 0; done < got.length; ) done += (await target.write(got, done)).bytesWritten;
      sizeBytes += bytesRead;
    }
  } catch (error) {
    throw diskFault(error, 'write', path);
  }
}

/** Others write to the bad directory: a link, a pipe or a device there is no file the MTA refused. */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return undefined;
    throw diskFault(error, 'read', path);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

async function opened(path: string, flags: number, mode: number): Promise<FileHandle> {
  try {
    return await open(path, flags, mode);
  } catch (error) {
    throw diskFault(error, 'create', path);
  }
}
