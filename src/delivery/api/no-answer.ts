import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';

/** The same for every recipient. */
export function forAll(recipients: readonly string[], verdict: Omit<RecipientOutcome, 'address'>): DeliveryOutcome {
  return { recipients: recipients.map((address) => ({ address, ...verdict })), acceptance: 'known' };
}

/** Everything was sent and no answer came. */
export function acceptanceUnknown(recipients: readonly string[]): DeliveryOutcome {
  const text = 'the message was sent and no answer came: it may have been taken, and sending it again may duplicate it';
  return { ...forAll(recipients, { status: 'deferred', code: 'acceptance-unknown', text }), acceptance: 'unknown' };
}

/** No answer came, and not everything was sent: it cannot have been taken. */
export function connectionLost(recipients: readonly string[]): DeliveryOutcome {
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
