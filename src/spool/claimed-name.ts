import { isMessageId } from '../message-id.js';
import { displayName } from './display-name.js';
import type { Door } from './layout.js';

const maxNameOctets = 200;

/** `<id>~n~<submitted name>` (`o` for the guessing door): the name in `work/in` carries all that is not in the inode. */
export function claimedName(id: string, door: Door, name: string): string {
  return `${id}~${door === 'new' ? 'n' : 'o'}~${name.slice(0, maxNameOctets)}`;
}

export function parseClaimedName(name: string): { id: string; door: Door; submittedAs: string } | undefined {
  const match = /^(.{36})~([no])~(.*)$/s.exec(name);
  const [, id = '', door, submitted = ''] = match ?? [];
  if (match === null || !isMessageId(id)) return undefined;
  return { id, door: door === 'n' ? 'new' : 'outbox', submittedAs: displayName(submitted) };
}
