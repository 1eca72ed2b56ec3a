import type { SealdropError } from '../../errors.js';
import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import type { HttpResult } from './http-poster.js';

/** The same for every recipient. */
export function forAll(recipients: readonly string[], verdict: Omit<RecipientOutcome, 'address'>): DeliveryOutcome {
  return { recipients: recipients.map((address) => ({ address, ...verdict })), acceptance: 'known' };
}

/** Everything was sent and no answer came. */
export function acceptanceUnknown(recipients: readonly string[]): DeliveryOutcome {
  const text = 'the message was sent and no answer came: it may have been taken, and sending it again may duplicate it';
  return { ...forAll(recipients, { status: 'deferred', code: 'acceptance-unknown', text }), acceptance: 'unknown' };
}

/** What it means that no answer came. Throws `unreachable` where nothing of the message has left. */
export function unanswered(
  { progress, words }: Extract<HttpResult, { kind: 'no-answer' }>,
  recipients: readonly string[],
  unreachable: (words: string) => SealdropError,
): DeliveryOutcome {
  if (progress === 'connecting') throw unreachable(words);
  return progress === 'sent' ? acceptanceUnknown(recipients) : connectionLost(recipients);
}

/** No answer came, and not everything was sent: it cannot have been taken. */
function connectionLost(recipients: readonly string[]): DeliveryOutcome {
  return forAll(recipients, {
    status: 'deferred',
    code: 'connection-lost',
    text: 'the connection ended before all of the message was sent',
  });
}

/** Some recipients may have been taken and some not, and it cannot be told which: a person has to look, for sending again would duplicate. */
export function notNamed(address: string, text: string): RecipientOutcome {
  return { address, status: 'refused', code: 'refusals-not-named', text };
}
