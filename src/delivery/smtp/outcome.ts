import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { authenticationRequired, type SessionFacts, unavailable } from './error.js';
import { parseReply, type Reply } from './reply.js';
import type { Transaction } from './session.js';

/**
 * What a transaction means for each of its recipients.
 *
 * | the server                                  | recipients |
 * |---|---|
 * | took the message                            | accepted, those refused by RCPT apart |
 * | answered 4xx, 5xx to MAIL, DATA or the dot  | deferred, refused |
 * | answered 421, 530, 538; fell silent before 354 | none is concerned: thrown, and mail waits |
 * | fell silent while the content was sent      | deferred: it cannot have taken it, and it may be this message it fell over |
 * | fell silent after everything was sent       | deferred, acceptance unknown: RFC 5321 §4.5.3.2.6, RFC 1047 |
 *
 * Throws smtp-unavailable, smtp-auth-required (wait).
 */
export function outcomeOf(transaction: Transaction, recipients: readonly string[], facts: SessionFacts): DeliveryOutcome {
  const { hidden } = facts;
  const refusals = new Map<string, Reply>();
  // Commands are sent together: after a refused MAIL what is said to each RCPT only follows from that ("503 need MAIL").
  const answered = transaction.error?.command === 'MAIL FROM' ? [] : transaction.rejected;
  for (const { recipient, response } of answered) {
    const reply = parseReply(response, hidden);
    if (recipient !== undefined && reply !== undefined) refusals.set(recipient, reply);
  }
  const { error } = transaction;
  const reply = parseReply(error === undefined ? transaction.response : error.response, hidden);
  throwIfSessionFault([...refusals.values()], reply, transaction, facts);
  const others = verdict(transaction, reply);
  return {
    recipients: recipients.map((address) => {
      const own = refusals.get(address);
      return own === undefined ? { address, ...others } : { address, status: statusOf(own), ...own };
    }),
    acceptance: others.code === 'acceptance-unknown' ? 'unknown' : 'known',
  };
}

/** Where the message, or its acceptance, may have got through for some, that outcome must not be lost: only their own reply counts then. */
function throwIfSessionFault(refusals: readonly Reply[], reply: Reply | undefined, transaction: Transaction, facts: SessionFacts): void {
  const { error, progress } = transaction;
  if (error === undefined) return;
  const replies = [...(progress === 'envelope' ? refusals : []), ...(reply === undefined ? [] : [reply])];
  const demand = replies.find(({ code }) => code === '530' || code === '538');
  if (demand !== undefined) throw authenticationRequired(demand, facts);
  const closing = replies.some(({ code }) => code === '421');
  const silent = progress === 'envelope' && reply === undefined && error.code !== 'EMESSAGE';
  if (closing || silent) throw unavailable(error, facts);
}

type Verdict = Omit<RecipientOutcome, 'address'>;

function verdict({ error, progress }: Transaction, reply: Reply | undefined): Verdict {
  if (error === undefined) return { status: 'accepted', code: reply?.code ?? '250', text: reply?.text ?? '' };
  if (reply !== undefined) return { status: statusOf(reply), ...reply };
  // nodemailer takes what looks like a SIZE in a greeting for one, and sends nothing that is larger.
  if (progress === 'envelope') return { status: 'refused', code: 'size-exceeded', text: error.message };
  if (progress === 'content') {
    return { status: 'deferred', code: 'connection-lost', text: 'the connection ended before all of the message was sent' };
  }
  return {
    status: 'deferred',
    code: 'acceptance-unknown',
    text: 'the message was sent and no answer came: the server may have taken it, and sending it again may duplicate it',
  };
}

/** RFC 5321 §4.2.1. 503 speaks of the session's state, not of the message, and everything unexpected is tried again. */
function statusOf({ code }: Reply): 'deferred' | 'refused' {
  return code.startsWith('5') && code !== '503' ? 'refused' : 'deferred';
}
