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

/** The same for one message, asked again right before it is recorded as destroyed. */
export function isUnderWay({ work, retry, quarantine }: SpoolLayout, id: string): boolean {
  return [work, retry, quarantine, work, retry, quarantine].some((directory) => existsSync(`${directory}/${id}.eml`));
}
