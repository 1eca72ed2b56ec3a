import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { type ArchiveEntry, readOriginal } from '../entry.js';
import type { Expected } from './expected.js';

/** Compares one file of the archive with what was recorded of it: the file itself where its hash is known, and the original in it. */
export function fileFindings(archive: string, entry: ArchiveEntry, { sha256, stored }: Expected): Finding[] {
  const { path, form } = entry;
  const isPlain = !form.compressed && !form.encrypted;
  if (!isPlain && stored !== undefined && digestOf(`${archive}/${path}`) !== stored)
    return [altered(path, 'its bytes are not those that were stored')];
  // Without its details (erased) there is nothing left to compare with; what is encrypted is known by the hash of its file alone.
  if (sha256 === undefined || form.encrypted) return [];
  const actual = isPlain ? digestOf(`${archive}/${path}`) : digestOfOriginal(archive, entry);
  return actual === sha256 ? [] : [altered(path, 'its bytes are not those that were accepted')];
}

/** Compares a sealed copy that is kept with what was recorded of it. */
export function keptFindings(archive: string, file: string, sha256: string): Finding[] {
  return digestOf(`${archive}/${file}`) === sha256 ? [] : [altered(file, 'its bytes are not those that were kept')];
}

function altered(file: string, text: string): Finding {
  return { kind: 'archive-altered', file, text };
}

/** Undefined if what is stored is damaged. */
function digestOfOriginal(archive: string, entry: ArchiveEntry): string | undefined {
  try {
    return createHash('sha256').update(readOriginal(archive, entry)).digest('hex');
  } catch (error) {
    if (error instanceof SealdropError && error.code === 'archive-unreadable') return undefined;
    throw error;
  }
}

/** Undefined if it is gone. */
export function digestOf(path: string): string | undefined {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    for (let got = readSync(descriptor, piece); got > 0; got = readSync(descriptor, piece)) hash.update(piece.subarray(0, got));
    return hash.digest('hex');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
