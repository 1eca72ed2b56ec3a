import { readdirSync } from 'node:fs';
import { diskFault, errnoOf } from '../../disk/faults.js';

/** What the name of a file in a day of the archive says: an original in some form, or a sealed copy kept beside it. */
export interface EntryName {
  readonly id: string;
  /** Of a sealed copy. */
  readonly copy: number | undefined;
  /** What stands behind `.eml`. */
  readonly form: string;
}

/** Undefined for a name that is neither. */
export function entryName(name: string): EntryName | undefined {
  const match = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:-([1-9]\d{0,4}))?\.eml((?:\.gz)?(?:\.p7m)?)$/.exec(name);
  if (match?.[1] === undefined) return undefined;
  return { id: match[1], copy: match[2] === undefined ? undefined : Number(match[2]), form: match[3] ?? '' };
}

/**
 * Days of an archive that have a directory, in order, as `YYYY/MM/DD`, and whatever stands above them and is neither such a directory nor
 * `certs` nor the mark of a second location.
 */
export function archiveDays(archive: string): { days: string[]; strangers: string[] } {
  const strangers: string[] = [];
  const below = (path: string, shape: RegExp) =>
    entriesOf(path === '' ? archive : `${archive}/${path}`).flatMap(({ name, isDirectory }) => {
      const full = path === '' ? name : `${path}/${name}`;
      if (isDirectory && shape.test(name)) return [full];
      if (full !== 'certs' && full !== '.sealdrop-second-archive') strangers.push(full);
      return [];
    });
  const days = below('', /^\d{4}$/).flatMap((year) => below(year, /^\d\d$/).flatMap((month) => below(month, /^\d\d$/)));
  return { days, strangers };
}

/** Names in a day's directory, in order of their ids, which is that of their times and most likely that on the disk. */
export function namesOf(archive: string, day: string): string[] {
  try {
    return readdirSync(`${archive}/${day}`).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskFault(error, 'list', `${archive}/${day}`);
  }
}

function entriesOf(path: string): { name: string; isDirectory: boolean }[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskFault(error, 'list', path);
  }
}
