import { SealdropError } from '../errors.js';
import type { Intent, RefusedRecipient, Ticket } from '../spool/ticket.js';
import { nextAttempt, type RetryTimes } from './backoff.js';

export interface HoldFacts {
  readonly id: string;
  readonly submittedAs: string;
  readonly uid: number;
  /** The ticket it had before, and the intent if there is one. */
  readonly earlier: Ticket | undefined;
  readonly intent: Intent | undefined;
}

export interface SetAside {
  readonly event: 'deferred' | 'quarantined';
  readonly to: 'retry' | 'quarantine';
  readonly ticket: Ticket;
}

/**
 * Where a message goes that cannot go on now, and the ticket that goes with it: to `retry` with the time of its next attempt if the fault
 * may pass by itself and its time is not up, otherwise to a person.
 */
export function setAside(facts: HoldFacts, fault: SealdropError, times: RetryTimes, now: Date, random: number): SetAside {
  const ticket = holdTicket(facts, fault, now);
  if (fault.disposition !== 'retry') return { event: 'quarantined', to: 'quarantine', ticket };
  const firstAttempt = facts.earlier?.firstAttempt ?? now.toISOString();
  const next = nextAttempt(ticket.attempts, Date.parse(firstAttempt), now.getTime(), times, random);
  if (next === undefined) return { event: 'quarantined', to: 'quarantine', ticket: holdTicket(facts, gaveUp(fault), now) };
  return { event: 'deferred', to: 'retry', ticket: { ...ticket, firstAttempt, nextAttempt: new Date(next).toISOString() } };
}

/** The ticket of a message that is set aside: what, why, what to do, and how far it had come. */
export function holdTicket({ id, submittedAs, uid, earlier, intent }: HoldFacts, fault: SealdropError, now: Date): Ticket {
  return {
    version: 1,
    id,
    file: submittedAs,
    uid,
    time: now.toISOString(),
    code: fault.code,
    message: fault.message,
    cure: fault.cure,
    attempts: (earlier?.attempts ?? 0) + 1,
    intent: intent ?? earlier?.intent,
  };
}

/** A server refused recipients for good; the others are served. */
export function refusedFault(refused: readonly RefusedRecipient[]): SealdropError {
  return new SealdropError('refused-by-server', `the server refused: ${refusedWords(refused)}`, {
    disposition: 'quarantine',
    cure: 'Mend the address or the server; recipients already served are not sent again. `sealdrop queue retry` offers the refused ones again.',
  });
}

/** What a server said of each. */
export function refusedWords(recipients: readonly RefusedRecipient[]): string {
  return recipients.map(({ address, code, text }) => `${address}: ${code} ${text}`).join('; ');
}

function gaveUp(last: SealdropError): SealdropError {
  return new SealdropError('gave-up', `tried for too long; the last time: ${last.message}`, {
    disposition: 'quarantine',
    cure: 'Mend the cause, then `sealdrop queue retry`; recipients already served are not sent again.',
  });
}
