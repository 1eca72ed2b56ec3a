import { existsSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { SealdropError } from '../errors.js';
import { archivePath } from './path.js';
import { readStoredFile } from './stored-file.js';

/** How an original is stored. Its file's name says it: `<id>.eml`, then `.gz` if compressed, then `.p7m` if encrypted (CMS, DER). */
export interface StoredForm {
  readonly compressed: boolean;
  readonly encrypted: boolean;
}

export interface ArchiveEntry {
  readonly id: string;
  /** Relative to the archive directory. */
  readonly path: string;
  readonly form: StoredForm;
}

const forms: readonly StoredForm[] = [
  { compressed: false, encrypted: false },
  { compressed: true, encrypted: false },
  { compressed: false, encrypted: true },
  { compressed: true, encrypted: true },
];

/** Where a message's original lies; undefined if the archive has it in no form. */
export function findEntry(archive: string, id: string): ArchiveEntry | undefined {
  return forms.map((form) => entryOf(id, form)).find(({ path }) => existsSync(`${archive}/${path}`));
}

/** What a path relative to the archive directory names, if it is where the original of its id belongs. */
export function entryNamed(path: string): ArchiveEntry | undefined {
  const match = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.eml(\.gz)?(\.p7m)?$/.exec(path);
  if (match?.[1] === undefined) return undefined;
  const entry = entryOf(match[1], { compressed: match[2] !== undefined, encrypted: match[3] !== undefined });
  return entry.path === path ? entry : undefined;
}

/**
 * The original, octet for octet as it was submitted. `open` takes the encryption away. Throws SealdropError: archive-encrypted without
 * it, archive-unreadable if what is stored is damaged, and what diskFault says.
 */
export function readOriginal(archive: string, { path, form }: ArchiveEntry, open?: (stored: Buffer) => Buffer): Buffer {
  const file = `${archive}/${path}`;
  return originalIn(file, form, readStoredFile(file), open);
}

/** The original in the bytes of a stored file, which is named for errors; throws as readOriginal does. */
export function originalIn(file: string, form: StoredForm, stored: Buffer, open?: (stored: Buffer) => Buffer): Buffer {
  if (form.encrypted && open === undefined) {
    throw new SealdropError('archive-encrypted', `${file} is encrypted`, {
      disposition: 'fatal',
      cure: `Name the key of one of the certificates in archive.encryptTo with --key, or, without sealdrop: openssl cms -decrypt -binary -inform DER -in ${file} -inkey KEY`,
    });
  }
  const opened = form.encrypted && open !== undefined ? open(stored) : stored;
  return form.compressed ? decompressed(opened, file) : opened;
}

/** Where a message's original lies when it is stored in that form. */
export function entryOf(id: string, form: StoredForm): ArchiveEntry {
  return { id, path: `${archivePath(id)}${form.compressed ? '.gz' : ''}${form.encrypted ? '.p7m' : ''}`, form };
}

function decompressed(stored: Buffer, file: string): Buffer {
  try {
    return gunzipSync(stored);
  } catch (cause) {
    throw new SealdropError('archive-unreadable', `${file} cannot be decompressed`, {
      disposition: 'fatal',
      cure: 'Run `sealdrop audit verify`, and take the file from the second location or from a backup.',
      cause,
    });
  }
}
