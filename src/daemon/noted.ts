import { type Entry, newEntry } from '../audit/record.js';
import { SealdropError } from '../errors.js';
import type { EventDetails } from './events.js';

/** What commands do with archived mail beside the daemon, and whoever writes the chain records for them. */
const events = ['exported', 'restored'] as const;
type NotedEvent = (typeof events)[number];

export type Noted = {
  [E in NotedEvent]: { readonly event: E; readonly id?: string; readonly outcome?: string; readonly detail: EventDetails[E] };
}[NotedEvent];

/** Throws `bad-request` for what is no such record: nobody writes any other through the control socket. */
export function notedEntry({ event, id, outcome, detail }: Noted): Entry {
  if (!events.includes(event) || typeof detail !== 'object' || detail === null) {
    throw new SealdropError('bad-request', 'the request names no record that a command may make', {
      disposition: 'quarantine',
      cure: 'Use the command of the version that the daemon has.',
    });
  }
  return newEntry(event, { id, outcome }, detail);
}
