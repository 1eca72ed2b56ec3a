import type { SealdropError } from '../errors.js';
import type { Ticket } from '../spool/ticket.js';
import type { Job } from './job.js';

/** The ticket of a message that is held for a person: what, why, what to do, and how far it had come. */
export function holdTicket(job: Pick<Job, 'id' | 'submittedAs' | 'uid' | 'earlier' | 'intent'>, fault: SealdropError, now: Date): Ticket {
  return {
    version: 1,
    id: job.id,
    file: job.submittedAs,
    uid: job.uid,
    time: now.toISOString(),
    code: fault.code,
    message: fault.message,
    cure: fault.cure,
    attempts: (job.earlier?.attempts ?? 0) + 1,
    intent: job.intent ?? job.earlier?.intent,
  };
}
