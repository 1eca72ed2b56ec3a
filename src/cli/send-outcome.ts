import { exitCodes } from '../daemon/exit-code.js';
import type { SealedMessage } from '../daemon/worker/sealer.js';
import type { Delivery, RecipientOutcome } from '../delivery/delivery.js';
import { refusalLine } from '../delivery/seed-tool.js';
import { joined, octetsOf } from '../message/octets.js';
import { wordedByHand } from './by-hand.js';
import { note, reportError } from './output.js';

/**
 * Offers every copy, at once and once. What was answered stands in `answers` also if it throws. Whole, because a copy is encrypted anew
 * each time its pieces are asked for, and they are asked for more than once.
 */
export async function offerCopies(delivery: Delivery, sealed: SealedMessage, id: string, answers: RecipientOutcome[]): Promise<void> {
  for (const copy of sealed.copies) {
    const { recipients, transport } = copy.plan;
    const message = octetsOf(joined(copy.sealed));
    const offered = { sender: sealed.plan.sender, recipients, message, envid: id, submittedMsysApi: transport.msysApi };
    answers.push(...(await delivery.send(offered)).recipients);
  }
}

/** Says what the server said where it did not take the message, and what to do. Returns the exit code. */
export function tellOutcome(recipients: readonly RecipientOutcome[], sealed: SealedMessage, failure: unknown): number {
  const having = (status: RecipientOutcome['status']) => recipients.filter((recipient) => recipient.status === status);
  const [accepted, refused, deferred] = [having('accepted'), having('refused'), having('deferred')];
  const asked = new Set(recipients.map(({ address }) => address));
  const notAsked = sealed.plan.copies.flatMap((copy) => copy.recipients).filter((address) => !asked.has(address));

  for (const recipient of refused) note(refusalLine(recipient));
  if (refused.length > 0)
    note('  what to do: mend the address, or ask the operator of the server named above why it refuses; then send again.');
  for (const recipient of deferred) note(refusalLine(recipient));
  if (deferred.length > 0)
    note('  what to do: send again later; nothing is queued here (sealdrop send --queue leaves that to the daemon).');
  const failureCode = failure === undefined ? undefined : reportError(wordedByHand(failure));
  if (accepted.length > 0 && accepted.length < recipients.length + notAsked.length) {
    note(`The server has taken it for ${addresses(accepted)}: sent again as it is, they get it twice.`);
    if (notAsked.length > 0) note(`Not sent to ${notAsked.join(', ')}.`);
  }
  if (failureCode !== undefined) return failureCode;
  if (refused.length > 0) return exitCodes.badMessage;
  return deferred.length > 0 ? exitCodes.tryLater : exitCodes.ok;
}

function addresses(recipients: readonly RecipientOutcome[]): string {
  return recipients.map(({ address }) => address).join(', ');
}
