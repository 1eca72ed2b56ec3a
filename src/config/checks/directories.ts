import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { PlainValue } from '../document.js';
import { type CrossFault, type KeyPath, keyWords } from '../fault.js';
import { valueAt } from '../wording.js';
import { DEFAULTS } from './present.js';

/** Each of these directories has an owner, modes and a meaning of its own; one within another breaks promises about both. */
export function overlapFaults(value: PlainValue, base: string): CrossFault[] {
  const directories = DIRECTORIES.flatMap((path) => {
    const named = valueAt(value, path) ?? (path.length === 1 ? DEFAULTS[path[0] as 'spool' | 'keys'] : undefined);
    return typeof named === 'string' && named !== '' ? [{ path, directory: resolve(base, named) }] : [];
  });
  return directories.flatMap((one, index) =>
    directories.slice(0, index).flatMap((other) => {
      // The MTA made the directory for refused mail where it wanted, and it only matters that it is another.
      const badWithinPickup = one.path.at(-1) === 'bad' && other.path.at(-1) === 'directory' && one.directory !== other.directory;
      if (badWithinPickup && isWithin(one.directory, other.directory)) return [];
      const relation = relationOf(one.directory, other.directory);
      return relation === undefined
        ? []
        : [{ path: one.path, text: `${relation} ${keyWords(other.path)} (${other.directory}); use a directory apart from it` }];
    }),
  );
}

const DIRECTORIES: readonly KeyPath[] = [
  ['spool'],
  ['keys'],
  ['delivery', 'pickup', 'directory'],
  ['delivery', 'pickup', 'staging'],
  ['delivery', 'pickup', 'bad'],
  ['archive', 'second'],
  ['audit', 'second'],
  ['audit', 'forward', 'file'],
];

function relationOf(one: string, other: string): string | undefined {
  if (one === other) return 'is the same directory as';
  if (isWithin(one, other)) return 'lies within';
  return isWithin(other, one) ? 'contains' : undefined;
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
