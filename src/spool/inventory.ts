import { readdirSync } from 'node:fs';
import { namesIn } from '../disk/names-in.js';
import { isMessageId } from '../message-id.js';
import { parseClaimedName } from './claimed-name.js';
import { parseCopyName, type SpoolLayout } from './layout.js';

/** What stands in a directory of messages. Files that are not ours are reported, never touched. */
export interface Inventory {
  readonly messages: readonly string[];
  readonly tickets: readonly string[];
  readonly strangers: readonly string[];
}

export function inventoryOf(directory: string): Inventory {
  const messages: string[] = [];
  const tickets: string[] = [];
  const strangers: string[] = [];
  for (const name of namesIn(directory)) {
    const [, id = '', kind] = /^(.{36})\.(eml|json)$/.exec(name) ?? [];
    if (!isMessageId(id)) strangers.push(name);
    else if (kind === 'eml') messages.push(id);
    else tickets.push(id);
  }
  return { messages: messages.sort(), tickets, strangers };
}

/** Claimed files, by id; the names are latin1. */
export function claimedFiles(layout: SpoolLayout): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(layout.claimed, 'latin1')) {
    const parsed = parseClaimedName(name);
    if (parsed !== undefined) found.set(parsed.id, name);
  }
  return found;
}

/** Sealed copies lying in a directory. */
export function copiesIn(directory: string): { id: string; number: number; name: string }[] {
  return namesIn(directory).flatMap((name) => {
    const parsed = parseCopyName(name);
    return parsed === undefined ? [] : [{ ...parsed, name }];
  });
}
