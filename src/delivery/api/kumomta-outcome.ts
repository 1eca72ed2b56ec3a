import { SealdropError } from '../../errors.js';
import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { printable } from '../printable.js';
import type { HttpResult } from './http-poster.js';
import { speaksOfTheHost } from './http-status.js';
import { parsedObject, texts } from './json-answer.js';
import { acceptanceUnknown, forAll, notNamed, unanswered } from './no-answer.js';

const WAITS = 'Mail waits and goes on by itself.';

/**
 * What KumoMTA's answer means for each recipient.
 *
 * | the answer                                              | recipients |
 * |---|---|
 * | 200 `{ success_count, fail_count, failed_recipients, errors }` | accepted, those in failed_recipients apart: refused if its words hold a 5xx, else deferred |
 * | 200 with counts that are not those of the recipients    | refused, to be looked at by a person: accepted ones would get it twice |
 * | 400, 413, 422                                           | refused, with its words |
 * | 422 that does not know our request's members            | none is concerned: an old KumoMTA. Thrown, and mail waits |
 * | 401, 403; 3xx, 404, 405, 407, 410; 429; 502, 503 (load shedding); no connection | none is concerned: thrown, and mail waits |
 * | 500 and others                                          | deferred |
 * | 504, no answer after all was sent                       | deferred, acceptance unknown |
 *
 * Throws SealdropError (wait): kumomta-unavailable, kumomta-auth-failed.
 */
export function outcomeOf(result: HttpResult, recipients: readonly string[], url: string, hide: (text: string) => string): DeliveryOutcome {
  if (result.kind === 'no-answer') return unanswered(result, recipients, (words) => unavailable(url, printable(hide(words))));
  const { status, text, retryAfterMs } = result;
  // Hidden first: a secret that is cut off in the middle would not be found any more.
  const words = printable(texts(hide(text)));
  if (speaksOfTheHost(status)) throw unavailable(url, `${status} ${words}`, retryAfterMs);
  switch (status) {
    case 200:
      return taken(text, recipients, hide);
    case 401:
    case 403:
      throw authFailed(url, status, words);
    case 429:
      throw unavailable(url, `${status} ${words}`, retryAfterMs);
    case 504:
      return acceptanceUnknown(recipients);
    case 422:
      if (/(?:unknown|missing) (?:field|variant)/i.test(text))
        throw unavailable(url, `it does not know our request, KumoMTA 2025.12 or later does: ${words}`);
      return forAll(recipients, { status: 'refused', code: '422', text: words });
    default:
      return forAll(recipients, { status: status === 400 || status === 413 ? 'refused' : 'deferred', code: String(status), text: words });
  }
}

function taken(text: string, recipients: readonly string[], hide: (text: string) => string): DeliveryOutcome {
  const answer = parsedObject(text);
  const { success_count: successes, fail_count: failures, failed_recipients: failed, errors } = answer ?? {};
  if (typeof successes !== 'number' || typeof failures !== 'number' || !Array.isArray(failed)) return acceptanceUnknown(recipients);
  const failedAddresses = new Set(failed.map((address) => comparable(String(address))));
  const named = new Set(recipients.filter((address) => failedAddresses.has(comparable(address))));
  const reasons = Array.isArray(errors) ? errors.map(String) : [];
  const everybody = successes === 0 && failures === recipients.length;
  const clear = everybody || (named.size === failures && successes === recipients.length - failures);
  return {
    recipients: recipients.map((address): RecipientOutcome => {
      if (everybody || named.has(address)) return failure(address, reasonFor(address, recipients, reasons), hide);
      if (clear) return { address, status: 'accepted', code: '200', text: 'taken' };
      const unclear = `it was offered to ${recipients.length} recipients, and the answer counts ${successes} taken and ${failures} failed`;
      return notNamed(address, printable(hide([unclear, ...reasons].join('; '))));
    }),
    acceptance: clear ? 'known' : 'unknown',
  };
}

function failure(address: string, { words, text }: { words: string; text: string }, hide: (text: string) => string): RecipientOutcome {
  return { address, status: /\b5\d\d\b/.test(words) ? 'refused' : 'deferred', code: '200', text: printable(hide(text)) };
}

/** An error begins with its recipient, `carol@example.org: 550 no`; `words` is what follows. */
function reasonFor(address: string, recipients: readonly string[], reasons: readonly string[]): { words: string; text: string } {
  const speaksOf = (reason: string, whom: string) => reason.toLowerCase().startsWith(`${whom.toLowerCase()}: `);
  const own = reasons.find((reason) => speaksOf(reason, address));
  if (own !== undefined) return { words: own.slice(address.length), text: own };
  const others = reasons.filter((reason) => !recipients.some((recipient) => speaksOf(reason, recipient))).join('; ');
  return { words: others, text: others };
}

/** A domain is the same in capitals. */
function comparable(address: string): string {
  const at = address.lastIndexOf('@');
  return address.slice(0, at) + address.slice(at).toLowerCase();
}

function unavailable(url: string, words: string, retryAfterMs?: number): SealdropError {
  return new SealdropError('kumomta-unavailable', `KumoMTA at ${url} cannot take mail now: ${words}`, {
    disposition: 'wait',
    cure: `Check delivery.kumomta.url, that KumoMTA runs and has memory and disk to spare. ${WAITS}`,
    retryAfterMs,
  });
}

function authFailed(url: string, status: number, words: string): SealdropError {
  return new SealdropError('kumomta-auth-failed', `KumoMTA at ${url} did not let us in: ${status} ${words}`, {
    disposition: 'wait',
    cure: `Put this host among trusted_hosts of its HTTP listener, or give delivery.kumomta a user and a password it knows. ${WAITS}`,
  });
}
