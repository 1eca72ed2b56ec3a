import { readFileSync } from 'node:fs';
import { replaceFile } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import type { Way } from '../way.js';

/**
 * `<id>.json` beside a message that has a history: why it waits or is held, and what has become of its copies so far. A first attempt
 * has none. Personal data is no more than what the message beside it says of itself.
 */
export interface Ticket {
  readonly version: 1;
  readonly id: string;
  /** The submitted file name. */
  readonly file: string;
  /** Who submitted it. */
  readonly uid: number;
  readonly time: string;
  readonly code: string;
  /** What was wrong, as a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly cure: string;
  readonly attempts: number;
  readonly firstAttempt?: string | undefined;
  readonly nextAttempt?: string | undefined;
  /** Recipients a server refused for good; a retry offers them again. */
  readonly refused?: readonly RefusedRecipient[] | undefined;
  /** The recorded plan and its copies, once an intent exists; never decided again. */
  readonly intent?: Intent | undefined;
}

export interface RefusedRecipient {
  readonly address: string;
  readonly code: string;
  readonly text: string;
}

/** What an `intent` record says: the plan (as the policy made it) and every copy that was made durable under it. */
export interface Intent {
  readonly plan: unknown;
  readonly bootId: string;
  /** The marker in the staging directory that the pickup copies were staged in. */
  readonly marker?: string | undefined;
  readonly copies: readonly CopyState[];
}

export interface CopyState {
  /** Unique within the message; a copy sealed again later gets a new one. */
  readonly number: number;
  /** Which copy of the plan this is. */
  readonly planned: number;
  readonly via: Way;
  /** Code of the fault of pickup for which it goes this way instead. */
  readonly fallback?: string | undefined;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Recipients without a result yet; empty when the copy is done. */
  readonly pending: readonly string[];
}

export function isDone(intent: Intent): boolean {
  return intent.copies.every((copy) => copy.pending.length === 0);
}

export function ticketName(id: string): string {
  return `${id}.json`;
}

export function writeTicket(directory: string, ticket: Ticket): void {
  replaceFile(directory, ticketName(ticket.id), Buffer.from(`${JSON.stringify(ticket, null, 2)}\n`), 0o600);
}

export function readTicket(directory: string, id: string): Ticket | undefined {
  const path = `${directory}/${ticketName(id)}`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  }
  try {
    return JSON.parse(text) as Ticket;
  } catch {
    return undefined;
  }
}
