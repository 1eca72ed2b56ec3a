import { SealdropError } from '../../errors.js';
import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { printable } from '../printable.js';
import type { HttpResult } from './http-poster.js';
import { speaksOfTheHost } from './http-status.js';
import { isObject, parsedObject, texts } from './json-answer.js';
import { acceptanceUnknown, forAll, notNamed, unanswered } from './no-answer.js';

const QUOTA_PAUSE_MS = 300_000;
const WAITS = 'Mail waits and goes on by itself.';

/**
 * What the API's answer means for each recipient (SparkPost's Transmissions API and its "Extended Error Codes").
 *
 * | the API                                                    | recipients |
 * |---|---|
 * | 200                                                        | accepted, those it names in rcpt_to_errors refused |
 * | 200, and says that it rejected some, but not which, or     | refused, to be looked at by a person: accepted ones would get it twice |
 * | its counts are not those of the recipients                 | |
 * | 400 with 1502, 500, and what is not documented             | deferred |
 * | 413, 422 and any other 400 in the API's form               | refused, with its words |
 * | 401, 403; 3xx, 404, 405, 407, 410; 420; 429; 502, 503; no connection | none is concerned: thrown, and mail waits |
 * | 504, no answer after all was sent                          | deferred, acceptance unknown |
 * | no answer before all was sent                              | deferred |
 *
 * `host` is for people. Throws SealdropError (wait): sparkpost-auth-failed, sparkpost-quota, sparkpost-busy, sparkpost-unavailable.
 */
export function outcomeOf(
  result: HttpResult,
  recipients: readonly string[],
  host: string,
  hide: (text: string) => string,
): DeliveryOutcome {
  if (result.kind === 'no-answer') return unanswered(result, recipients, (words) => unavailable(host, printable(hide(words))));
  const { status, text, retryAfterMs } = result;
  const answer = parsedObject(text);
  const errors = errorsIn(answer?.errors);
  // Hidden first: a secret that is cut off in the middle would not be found any more.
  const words = printable(hide(errors.map(({ words: each }) => each).join('; ')) || texts(hide(text)));
  if (speaksOfTheHost(status)) throw unavailable(host, `${status} ${words}`, retryAfterMs);
  switch (status) {
    case 200:
      return isObject(answer?.results) ? taken(answer.results, recipients, words, hide) : acceptanceUnknown(recipients);
    case 401:
    case 403:
      throw authFailed(host, status, words);
    case 420:
      throw quota(host, words);
    case 429:
      throw busy(host, words, retryAfterMs);
    case 504:
      return acceptanceUnknown(recipients);
    case 400: {
      // What stands before the API, or is there instead of it, says the same of every message.
      const later = errors.length === 0 || errors.some(({ code }) => code === '1502');
      return forAll(recipients, { status: later ? 'deferred' : 'refused', code: '400', text: words });
    }
    default:
      return forAll(recipients, { status: status === 413 || status === 422 ? 'refused' : 'deferred', code: String(status), text: words });
  }
}

/** The recipients were checked before, so nearly always all are taken. An error names its recipient, if at all, in its words. */
function taken(
  results: Readonly<Record<string, unknown>>,
  recipients: readonly string[],
  words: string,
  hide: (text: string) => string,
): DeliveryOutcome {
  const { total_accepted_recipients: accepted, total_rejected_recipients: rejected = 0 } = results;
  if (accepted === undefined && rejected === 0) return acceptanceUnknown(recipients);
  const id = typeof results.id === 'string' || typeof results.id === 'number' ? ` as ${String(results.id)}` : '';
  const reasons = errorsIn(results.rcpt_to_errors);
  const named = new Map<string, string>();
  for (const address of recipients) {
    const reason = reasons.find((error) => mentions(error.words, address));
    if (reason !== undefined) named.set(address, printable(hide(reason.words)));
  }
  const why = printable(hide(reasons.map((reason) => reason.words).join('; '))) || words;
  const count = recipients.length;
  const counted = typeof rejected === 'number' && rejected >= 0 && accepted === count - rejected;
  const everybody = counted && rejected === count;
  const clear = everybody || (counted && named.size === rejected);
  const unclear = counted
    ? `${rejected} of ${count} recipients were refused, and it is not said which`
    : `it was offered to ${count} recipients, and the answer counts ${String(accepted)} accepted and ${String(rejected)} refused`;
  return {
    recipients: recipients.map((address): RecipientOutcome => {
      const own = named.get(address);
      if (own !== undefined || everybody) return { address, status: 'refused', code: '200', text: own ?? why };
      if (clear) return { address, status: 'accepted', code: '200', text: printable(hide(`taken${id}`)) };
      return notNamed(address, printable(hide(`${unclear}: ${why}`)));
    }),
    acceptance: clear ? 'known' : 'unknown',
  };
}

function mentions(words: string, address: string): boolean {
  const escaped = address.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.@+-])${escaped}(?![\\w@+-]|\\.\\w)`).test(words.toLowerCase());
}

interface ApiError {
  readonly code: string;
  readonly words: string;
}

/** `[{ message, code, description }]`, each of them optional. */
function errorsIn(value: unknown): ApiError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((error) => {
    const [code, message, description] = [error.code, error.message, error.description].map((one) =>
      typeof one === 'string' || typeof one === 'number' ? String(one) : '',
    );
    const said = [message, description].filter((one) => one !== '').join(': ');
    return { code: code ?? '', words: [code, said].filter((one) => one !== '').join(' ') };
  });
}

function unavailable(host: string, words: string, retryAfterMs?: number): SealdropError {
  return new SealdropError('sparkpost-unavailable', `the SparkPost API at ${host} cannot take mail now: ${words}`, {
    disposition: 'wait',
    cure: `Check delivery.sparkpost.host, and that this host may reach it. ${WAITS}`,
    retryAfterMs,
  });
}

function authFailed(host: string, status: number, words: string): SealdropError {
  return new SealdropError('sparkpost-auth-failed', `the SparkPost API at ${host} did not let us in: ${status} ${words}`, {
    disposition: 'wait',
    cure: `Check that the API key is of an account at this host, has the right "Transmissions: Read/Write", and that it may be used from this address. ${WAITS}`,
    retryAfterMs: 60_000,
  });
}

function quota(host: string, words: string): SealdropError {
  return new SealdropError('sparkpost-quota', `the account at ${host} has reached its sending limit: ${words}`, {
    disposition: 'wait',
    cure: `Raise the limit of the account, or let the hour or the day pass. ${WAITS}`,
    retryAfterMs: QUOTA_PAUSE_MS,
  });
}

function busy(host: string, words: string, retryAfterMs: number | undefined): SealdropError {
  return new SealdropError('sparkpost-busy', `the SparkPost API at ${host} asks for a pause: 429 ${words}`, {
    disposition: 'wait',
    cure: `Lower delivery.sparkpost.connections if this stays. ${WAITS}`,
    retryAfterMs,
  });
}
