import { SealdropError } from '../errors.js';
import { byteFacts } from './byte-facts.js';
import type { Copy } from './delivery.js';
import { badEnvelopeValue, checkAddress, checkWord, needsSmtpUtf8 } from './envelope-value.js';

// What every way has to be sure of before it offers a copy, whoever made it.

/** Throws SealdropError `bad-envelope-value` (quarantine). */
export function checkEnvelope({ sender, recipients, envid }: Copy): void {
  if (sender !== '') checkAddress('sender', sender);
  if (recipients.length === 0) throw badEnvelopeValue('The copy has no recipient.');
  for (const recipient of recipients) checkAddress('recipient', recipient);
  checkWord('the envelope id', envid);
}

/** Whether the message is 8-bit. Throws SealdropError `message-not-canonical` (quarantine) for bytes that would be altered on the way. */
export async function isEightBit(message: Copy['message']): Promise<boolean> {
  const { fault, eightBit } = await byteFacts(message);
  if (fault === undefined) return eightBit;
  throw new SealdropError('message-not-canonical', `The message holds ${fault}, which would be altered and so break its signature.`, {
    disposition: 'quarantine',
    cure: 'Keep the message and report this as a defect of sealdrop: it has to make the bytes canonical before it seals them.',
  });
}

/** Refuses what an HTTP API that takes 7-bit messages has no words for. Throws SealdropError `smtputf8-needs-smtp` (quarantine). */
export async function checkSevenBit({ sender, recipients, message }: Copy, api: string): Promise<void> {
  const international = [sender, ...recipients].find(needsSmtpUtf8);
  if (international !== undefined)
    throw needsSmtp('smtputf8-needs-smtp', `${api} takes ASCII addresses only, which ${international} is not.`);
  if (await isEightBit(message)) throw needsSmtp('smtputf8-needs-smtp', `The message is 8-bit, which ${api} does not take.`);
}

/** For what this way cannot carry and SMTP can. */
export function needsSmtp(code: string, message: string): SealdropError {
  return new SealdropError(code, message, {
    disposition: 'quarantine',
    cure: 'Let such mail go by SMTP: a rule with "delivery: { via: smtp }" that matches it; then run "sealdrop queue retry".',
  });
}
