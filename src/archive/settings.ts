import type { SecondPlace } from './second.js';

/** How entries are stored. Plain values: they go to the worker threads. */
export interface ArchiveSettings {
  readonly directory: string;
  /** Group that may read the files; undefined: nobody but us. */
  readonly group: number | undefined;
  readonly compress: 'none' | 'gzip';
  /** What entries are encrypted to; none: they are not. */
  readonly encryptTo: readonly { readonly fingerprint: string; readonly der: Buffer }[];
  readonly second: SecondPlace | undefined;
}

/** What a record says of the file an original is stored in. */
export interface StoredEntry {
  /** Relative to the archive. */
  readonly archive: string;
  /** The file's own size and SHA-256 (hex), where it is not the original as it was submitted. */
  readonly stored?: { readonly sizeBytes: number; readonly sha256: string; readonly encryptedTo?: readonly string[] };
  /** The second location has the same file. */
  readonly second?: true;
}

/** What a record says of a sealed copy that is kept. */
export interface KeptCopy {
  /** Of the copy. */
  readonly number: number;
  /** Relative to the archive. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}
