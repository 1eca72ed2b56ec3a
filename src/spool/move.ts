import { existsSync } from 'node:fs';
import { removeIfThere, rename, syncDirectory } from '../disk/durable.js';
import type { SpoolLayout } from './layout.js';
import { type CopyState, type Ticket, ticketName, writeTicket } from './ticket.js';

/**
 * Moves a message with its ticket between work, retry and quarantine. The place of `<id>.eml` says where the message is: the ticket is
 * durable in the new place first, then one rename moves the message, then the old ticket goes. Killed in between: a ticket without a
 * message beside it means nothing and is swept away at the next start.
 */
export function moveMessage(from: string, to: string, ticket: Ticket): void {
  writeTicket(to, ticket);
  const name = `${ticket.id}.eml`;
  // After a kill between rename and clean-up the message is there already.
  if (existsSync(`${from}/${name}`)) rename(`${from}/${name}`, `${to}/${name}`);
  syncDirectory(to);
  syncDirectory(from);
  removeIfThere(`${from}/${ticketName(ticket.id)}`);
}

/** Removes a finished message's copy and ticket from a directory. The archive has it by now (I3). */
export function removeMessage(directory: string, id: string): void {
  removeIfThere(`${directory}/${id}.eml`);
  removeIfThere(`${directory}/${ticketName(id)}`);
}

/** Removes the sealed copies that were kept for a socket; a message whose copies are all done needs them no more. */
export function removeSealed(layout: SpoolLayout, copies: readonly CopyState[]): void {
  for (const copy of copies) if (copy.via !== 'pickup') removeIfThere(`${layout.sealed}/${copy.name}`);
}
