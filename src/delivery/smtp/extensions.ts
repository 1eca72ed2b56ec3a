import type { Copy, DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { needsSmtpUtf8 } from '../envelope-value.js';
import type { SmtpSession } from './session.js';

export interface MessageFacts {
  readonly eightBit: boolean;
  /** As SIZE counts (RFC 1870 §5): without the dots that are doubled on the wire. */
  readonly sizeBytes: number;
}

/**
 * Recipients that are refused here, because the server has said that it does not take such a message or such an address. nodemailer would
 * offer them all the same, and a server that has not offered to take them may do anything with them.
 */
export function refusedByExtensions(copy: Copy, message: MessageFacts, session: SmtpSession): Map<string, RecipientOutcome> {
  const refused = new Map<string, RecipientOutcome>();
  for (const address of copy.recipients) {
    const reason = reasonFor(address, copy.sender, message, session);
    if (reason !== undefined) refused.set(address, { address, status: 'refused', ...reason });
  }
  return refused;
}

function reasonFor(address: string, sender: string, { eightBit, sizeBytes }: MessageFacts, session: SmtpSession) {
  const { sizeLimit } = session;
  if (sizeLimit !== undefined && sizeBytes > sizeLimit)
    return { code: 'size-exceeded', text: `the sealed message has ${sizeBytes} octets and the server takes at most ${sizeLimit}` };
  if (eightBit && !session.offers('8BITMIME'))
    return { code: '8bitmime-not-offered', text: 'the message is 8-bit and the server takes 7-bit mail only' };
  if ((needsSmtpUtf8(sender) || needsSmtpUtf8(address)) && !session.offers('SMTPUTF8'))
    return { code: 'smtputf8-not-offered', text: 'the server takes ASCII addresses only' };
  return undefined;
}

/** The outcome for all recipients, in the order given. */
export function withRefused(
  order: readonly string[],
  refused: ReadonlyMap<string, RecipientOutcome>,
  outcome: DeliveryOutcome,
): DeliveryOutcome {
  if (refused.size === 0) return outcome;
  const all = new Map([...refused, ...outcome.recipients.map((recipient) => [recipient.address, recipient] as const)]);
  return { ...outcome, recipients: order.map((address) => all.get(address)).filter((one) => one !== undefined) };
}
