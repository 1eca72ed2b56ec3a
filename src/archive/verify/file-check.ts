import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { type ArchiveEntry, originalIn } from '../entry.js';
import type { Expected } from './expected.js';

/** What one file of the archive is found to be. */
export interface CheckedFile {
  readonly findings: readonly Finding[];
  readonly sizeBytes: number;
  /** As it was accepted; undefined with a finding, or if it is encrypted and nothing takes that away. A view, until the next file. */
  readonly original: Buffer | undefined;
}

/**
 * Compares one file of the archive with what was recorded of it: the file itself where its hash is known, and the original in it. `open` takes
 * the encryption away; without it what is encrypted is known by the hash of its file alone.
 */
export function checkFile(
  archive: string,
  entry: ArchiveEntry,
  { sha256, stored, archived }: Expected,
  open: ((stored: Buffer) => Buffer) | undefined,
  wantsOriginal: boolean,
): CheckedFile {
  const { path, form } = entry;
  const read = readWhole(`${archive}/${path}`);
  if (!Buffer.isBuffer(read)) {
    if (read.fault !== gone) return finding(path, 'archive-altered', read.fault, 0);
    // Listed a moment ago. Before a record says that it is archived, the daemon may take it back to write it anew.
    return archived ? finding(path, 'archive-missing', gone, 0) : { findings: [], sizeBytes: 0, original: undefined };
  }
  const isPlain = !form.compressed && !form.encrypted;
  if (!isPlain && stored !== undefined && !hash('sha256', read, 'buffer').equals(stored))
    return finding(path, 'archive-altered', 'its bytes are not those that were stored', read.length);
  const isReadable = !form.encrypted || open !== undefined;
  // What is stored as it was stored holds what it held; it is opened only for those who want to see it.
  const original = isPlain ? read : isReadable && (wantsOriginal || stored === undefined) ? originalOf(entry, read, open) : undefined;
  if (typeof original === 'string') return finding(path, 'archive-altered', original, read.length);
  // Without its details (erased) there is nothing left to compare with.
  if (original !== undefined && sha256 !== undefined && !hash('sha256', original, 'buffer').equals(sha256))
    return finding(path, 'archive-altered', 'its bytes are not those that were accepted', read.length);
  return { findings: [], sizeBytes: read.length, original };
}

/** Compares a file with the hash it was recorded with, whatever is in it; undefined: unknown (erased). */
export function checkBytes(
  directory: string,
  path: string,
  sha256: Buffer | undefined,
  kind: 'archive-altered' | 'second-altered',
): { findings: readonly Finding[]; sizeBytes: number } {
  const read = readWhole(`${directory}/${path}`);
  if (!Buffer.isBuffer(read)) return finding(path, kind, read.fault, 0);
  if (sha256 === undefined || hash('sha256', read, 'buffer').equals(sha256)) return { findings: [], sizeBytes: read.length };
  return finding(path, kind, 'its bytes are not those that were recorded', read.length);
}

function finding(file: string, kind: Finding['kind'], text: string, sizeBytes: number): CheckedFile {
  return { findings: [{ kind, file, text }], sizeBytes, original: undefined };
}

/** A string says what is wrong with what is stored; undefined: the key given is not one of its keys. */
function originalOf(entry: ArchiveEntry, stored: Buffer, open: ((stored: Buffer) => Buffer) | undefined): Buffer | string | undefined {
  try {
    return originalIn(entry.path, entry.form, stored, open);
  } catch (error) {
    if (error instanceof SealdropError) return error.code === 'archive-no-key' ? undefined : error.message;
    throw error;
  }
}

const gone = 'the file that a record names is not there';
const pieceBytes = 256 * 1024;
let scratch = Buffer.allocUnsafeSlow(pieceBytes);

/** The file's bytes, in memory that the next call uses again. A link, a pipe or a device in its place is not followed and not waited for. */
function readWhole(path: string): Buffer | { fault: string } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    let got = readSync(descriptor, scratch, 0, scratch.length, 0);
    if (got === scratch.length || got === 0) {
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) return { fault: 'it is not a regular file' };
      if (stats.size > scratch.length) {
        const grown = Buffer.allocUnsafeSlow(stats.size + 1);
        scratch.copy(grown, 0, 0, got);
        scratch = grown;
      }
    }
    // To the end: a network file system may give less than was asked for.
    for (let more = got; more > 0 && got < scratch.length; got += more)
      more = readSync(descriptor, scratch, got, scratch.length - got, got);
    return scratch.subarray(0, got);
  } catch (error) {
    const code = errnoOf(error) ?? 'an unknown fault';
    if (code === 'ENOENT') return { fault: gone };
    return { fault: code === 'ELOOP' || code === 'EISDIR' ? 'it is not a regular file' : `it cannot be read: ${code}` };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
