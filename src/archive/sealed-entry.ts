import { archiveDay } from './path.js';

/**
 * A sealed copy kept beside its original (`archive.keepSealed: full`): `<id>-<n>.eml`, octet for octet as it was handed over. A copy that is
 * not encrypted itself is, in an encrypted archive, encrypted as an original is: `<id>-<n>.eml.p7m`.
 */
export interface SealedEntry {
  readonly id: string;
  readonly number: number;
  readonly encrypted: boolean;
  /** Relative to the archive directory. */
  readonly path: string;
}

export function sealedEntryOf(id: string, number: number, encrypted: boolean): SealedEntry {
  return { id, number, encrypted, path: `${archiveDay(id)}/${id}-${number}.eml${encrypted ? '.p7m' : ''}` };
}

/** What a path relative to the archive directory names, if it is where a sealed copy of its id belongs. */
export function sealedEntryNamed(path: string): SealedEntry | undefined {
  const match = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([1-9]\d{0,5})\.eml(\.p7m)?$/.exec(path);
  if (match?.[1] === undefined) return undefined;
  const entry = sealedEntryOf(match[1], Number(match[2]), match[3] !== undefined);
  return entry.path === path ? entry : undefined;
}
