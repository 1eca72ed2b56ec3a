import { removeIfThere } from '../disk/durable.js';
import { archiveDay } from './path.js';
import { requireSecond, secondFault } from './second.js';
import type { ArchiveSettings } from './settings.js';
import { namesIn } from './store.js';

/**
 * Takes back all that stands in the archive, in both locations, of messages of which no record says that it is there: they are written anew.
 * The name of a file begins with the id, in whatever form it was stored before the configuration changed; so the days are looked through,
 * not the names tried. Throws `second-archive-…` (wait) when the second location cannot be reached.
 */
export function removeUnrecorded({ directory, second }: Pick<ArchiveSettings, 'directory' | 'second'>, ids: ReadonlySet<string>): void {
  if (ids.size === 0) return;
  removeIn(directory, ids);
  if (second === undefined) return;
  requireSecond(second);
  try {
    removeIn(second.directory, ids);
  } catch (error) {
    throw secondFault(second.directory)(error);
  }
}

function removeIn(archive: string, ids: ReadonlySet<string>): void {
  for (const day of new Set([...ids].map(archiveDay))) {
    // Collected first: a directory is not changed while it is read.
    const found = [...namesIn(`${archive}/${day}`)].filter((name) => ids.has(name.replace(/^\./, '').slice(0, 36)));
    for (const name of found) removeIfThere(`${archive}/${day}/${name}`);
  }
}
