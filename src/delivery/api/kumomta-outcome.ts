import { SealdropError } from '../../errors.js';
import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { printable } from '../printable.js';
import type { HttpResult } from './http-poster.js';
import { parsedObject, texts } from './json-answer.js';
import { acceptanceUnknown, connectionLost, forAll } from './no-answer.js';

const WAITS = 'Mail waits and goes on by itself.';

/**
 * What KumoMTA's answer means for each recipient.
 *
 * | the answer                                              | recipients |
 * |---|---|
 * | 200 `{ success_count, fail_count, failed_recipients, errors }` | accepted, those in failed_recipients apart: refused if its words hold a 5xx, else deferred |
 * | 400, 413, 422                                           | refused, with its words |
 * | 422 that does not know our request's members            | none is concerned: an old KumoMTA. Thrown, and mail waits |
 * | 401, 403; 404; 502, 503 (load shedding); no connection  | none is concerned: thrown, and mail waits |
 * | 500 and others                                          | deferred |
 * | 504, no answer after all was sent                       | deferred, acceptance unknown |
 *
 * Throws SealdropError (wait): kumomta-unavailable, kumomta-auth-failed.
 */
export function outcomeOf(result: HttpResult, recipients: readonly string[], url: string, hide: (text: string) => string): DeliveryOutcome {
  if (result.kind === 'no-answer') {
    if (result.progress === 'connecting') throw unavailable(url, hide(printable(result.words)));
    return result.progress === 'sent' ? acceptanceUnknown(recipients) : connectionLost(recipients);
  }
  const { status, text, retryAfterMs } = result;
  const words = hide(printable(texts(text)));
  switch (status) {
    case 200:
      return taken(text, recipients, hide);
    case 401:
    case 403:
      throw authFailed(url, status, words);
    case 404:
    case 405:
    case 429:
    case 502:
    case 503:
      throw unavailable(url, `${status} ${words}`, retryAfterMs);
    case 504:
      return acceptanceUnknown(recipients);
    case 422:
      if (/unknown field/i.test(text)) throw unavailable(url, `it does not know our request, KumoMTA 2025.12 or later does: ${words}`);
      return forAll(recipients, { status: 'refused', code: '422', text: words });
    default:
      return forAll(recipients, { status: status === 400 || status === 413 ? 'refused' : 'deferred', code: String(status), text: words });
  }
}

function taken(text: string, recipients: readonly string[], hide: (text: string) => string): DeliveryOutcome {
  const answer = parsedObject(text);
  const { success_count: successes, failed_recipients: failed, errors } = answer ?? {};
  if (typeof successes !== 'number' || !Array.isArray(failed)) return acceptanceUnknown(recipients);
  const failures = new Set(failed.map(String));
  const reasons = Array.isArray(errors) ? errors.map(String) : [];
  return {
    recipients: recipients.map((address): RecipientOutcome => {
      if (!failures.has(address)) return { address, status: 'accepted', code: '200', text: 'taken' };
      const reason = reasons.find((one) => one.startsWith(`${address}: `)) ?? reasons.join('; ');
      return { address, status: /\b5\d\d\b/.test(reason) ? 'refused' : 'deferred', code: '200', text: hide(printable(reason)) };
    }),
    acceptance: 'known',
  };
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
