import { existsSync } from 'node:fs';
import { copiesIn, inventoryOf } from '../../spool/inventory.js';
import type { SpoolLayout } from '../../spool/layout.js';

/** Ids of messages that are in work, to be retried or held, or of which a refused copy is held. */
export function idsUnderWay({ work, retry, quarantine, refused, again }: SpoolLayout): Set<string> {
  // Twice around: a message that moves on while the directories are listed is seen in one of them.
  const places = [work, retry, quarantine, work, retry, quarantine];
  const messages = places.flatMap((directory) => inventoryOf(directory).messages);
  return new Set([...messages, ...[refused, again, refused].flatMap((directory) => copiesIn(directory).map(({ id }) => id))]);
}

/** The same for single messages, asked again right before they are recorded as destroyed. */
export function underWayNow({ work, retry, quarantine, refused, again }: SpoolLayout): (id: string) => boolean {
  const copies = new Set([refused, again, refused].flatMap((directory) => copiesIn(directory).map(({ id }) => id)));
  return (id) => copies.has(id) || [work, retry, quarantine, work, retry, quarantine].some((place) => existsSync(`${place}/${id}.eml`));
}
