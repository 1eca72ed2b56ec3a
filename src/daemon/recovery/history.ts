import type { TrailRecord } from '../../audit/trail.js';
import type { CopyState, Intent, RefusedRecipient, Ticket } from '../../spool/ticket.js';
import type { EventDetails } from '../events.js';

/** How far a message had come, as its ticket and the audit records since then tell it. */
export interface History {
  readonly accepted: EventDetails['accepted'] | undefined;
  readonly intent: Intent | undefined;
  /** Recipients a server refused for good since a person last decided: they are held, whenever the others are served. */
  readonly refused: readonly RefusedRecipient[];
  /** A recorded decision to set the message aside, not yet undone by a person. */
  readonly setAside: { readonly to: 'quarantine' | 'retry'; readonly ticket: Ticket } | undefined;
  /** A person released the copies whose outcome is unknown: they are to be sealed again under the recorded plan. */
  readonly released: boolean;
  readonly dropped: boolean;
  /** A record says that it was purged or erased. */
  readonly destroyed: boolean;
}

/**
 * Replays a message's records, oldest first, upon what its ticket says. Records are written before what they decide is done, so the
 * result is what must be finished. Replaying a record that the ticket contains already changes nothing.
 */
export function historyOf(ticket: Ticket | undefined, records: readonly TrailRecord[]): History {
  let history: History = {
    accepted: undefined,
    intent: ticket?.intent,
    refused: ticket?.refused ?? [],
    setAside: undefined,
    released: false,
    dropped: false,
    destroyed: false,
  };
  for (const record of records) history = after(history, record);
  return history;
}

function after(history: History, { event, detail }: TrailRecord): History {
  if (event === 'purged' || event === 'erased') return { ...history, destroyed: true };
  // Erased with the message: nothing more is decided by what was recorded of it before.
  if (detail === undefined && event !== 'dropped') return history;
  // The shape is that of EventDetails: our own records, whose hashes start-up has checked.
  switch (event) {
    case 'accepted':
      return { ...history, accepted: detail as EventDetails['accepted'] };
    case 'intent':
      return { ...history, intent: (detail as EventDetails['intent']).intent, setAside: undefined, released: false };
    case 'committed':
      return { ...history, intent: withCommitted(history.intent, detail as EventDetails['committed']) };
    case 'sent':
      return {
        ...history,
        intent: withSent(history.intent, detail as EventDetails['sent']),
        refused: refusedAfter(history.refused, detail as EventDetails['sent']),
      };
    case 'quarantined':
    case 'deferred':
      return setAside(history, event === 'deferred' ? 'retry' : 'quarantine', (detail as EventDetails['deferred']).ticket);
    case 'requeued':
    case 'released':
      return {
        ...history,
        intent: (detail as EventDetails['requeued']).ticket.intent,
        refused: (detail as EventDetails['requeued']).ticket.refused ?? [],
        setAside: undefined,
        released: event === 'released',
        // Decided anew: the drop before it was not carried out.
        dropped: false,
      };
    case 'dropped':
      return { ...history, dropped: true };
    default:
      return history;
  }
}

function setAside(history: History, to: 'quarantine' | 'retry', ticket: Ticket): History {
  return { ...history, intent: ticket.intent ?? history.intent, refused: ticket.refused ?? history.refused, setAside: { to, ticket } };
}

export function withCommitted(intent: Intent | undefined, { copies }: EventDetails['committed']): Intent | undefined {
  return mapCopies(intent, (copy) => {
    const result = copies.find(({ number }) => number === copy.number);
    return result === undefined || result.outcome === 'unknown' ? copy : { ...copy, pending: [] };
  });
}

export function withSent(intent: Intent | undefined, { copies }: EventDetails['sent']): Intent | undefined {
  return mapCopies(intent, (copy) => {
    const final = copies
      .filter(({ number }) => number === copy.number)
      .flatMap(({ recipients }) => recipients.filter(({ status }) => status !== 'deferred').map(({ address }) => address));
    return final.length === 0 ? copy : { ...copy, pending: copy.pending.filter((address) => !final.includes(address)) };
  });
}

/** The refused recipients after a transaction, each once. */
export function refusedAfter(before: readonly RefusedRecipient[], { copies }: EventDetails['sent']): readonly RefusedRecipient[] {
  const refused = new Map(before.map((recipient) => [recipient.address, recipient]));
  for (const { status, address, code, text } of copies.flatMap(({ recipients }) => recipients)) {
    if (status === 'refused') refused.set(address, { address, code, text });
    else refused.delete(address);
  }
  return [...refused.values()];
}

function mapCopies(intent: Intent | undefined, change: (copy: CopyState) => CopyState): Intent | undefined {
  return intent === undefined ? undefined : { ...intent, copies: intent.copies.map(change) };
}
