import { SealdropError } from '../errors.js';
import { addressKey } from '../message/address.js';
import type { CopyPlan } from './plan.js';

/** Where an MTA takes the envelope of a message it is handed from: from its header, or from what stands before it. */
export interface HeaderEnvelope {
  readonly sender: 'lines' | 'header';
  readonly recipients: 'lines' | 'header';
}

interface HeaderFacts {
  readonly envelope: { readonly sender: string };
  readonly visible: ReadonlySet<string>;
  readonly headerSender: string;
  readonly defaults: { readonly pickupEnvelope: HeaderEnvelope };
}

const BY_SMTP = 'Let such mail go by SMTP: a rule with "delivery: { via: smtp }" that matches it; then run "sealdrop queue retry".';

/**
 * An MTA that reads the recipients from To and Cc sends every file to all who stand there, and to nobody else. So each copy must be for
 * exactly those: a blind recipient would get nothing, and of two copies everybody would get both, though sealed for others.
 * Throws `envelope-not-in-header` (quarantine).
 */
export function refuseUnlikeHeader(copies: readonly CopyPlan[], { envelope, visible, headerSender, defaults }: HeaderFacts): void {
  const { sender, recipients } = defaults.pickupEnvelope;
  const byPickup = copies.filter(({ via }) => via === 'pickup');
  if (byPickup.length === 0) return;
  if (recipients === 'header') {
    const blind = byPickup.flatMap((copy) => copy.recipients).filter((address) => !visible.has(addressKey(address)));
    if (blind.length > 0) throw unlike(`${blind.join(', ')} would not get it, for they stand neither in To nor in Cc`);
    for (const copy of byPickup) {
      const own = new Set(copy.recipients.map(addressKey));
      const others = [...visible].filter((address) => !own.has(address));
      if (others.length > 0) throw unlike(`the copy for ${copy.recipients.join(', ')} would also be sent to ${others.join(', ')}`);
    }
  }
  if (sender === 'header' && addressKey(envelope.sender) !== addressKey(headerSender)) {
    throw unlike(`bounces would go to ${headerSender} instead of ${envelope.sender}`);
  }
}

function unlike(what: string): SealdropError {
  return new SealdropError('envelope-not-in-header', `The MTA takes the envelope from the header of a pickup file, and ${what}.`, {
    disposition: 'quarantine',
    cure: BY_SMTP,
  });
}
