import { smtpPassword } from '../config/environment.js';
import type { SmtpConfig } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import type { SealedMessage } from '../daemon/sealer.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { hostLine, okLine, openedLine, refusalLine, sendingLine } from '../delivery/seed-tool.js';
import { SmtpDelivery } from '../delivery/smtp.js';
import { joined } from '../message/octets.js';
import { wordedByHand } from './by-hand.js';
import { note, print, printJson, reportError } from './output.js';

export interface ShownMessage {
  readonly file: string;
  /** As its header shows them, decoded. */
  readonly from: string;
  readonly to: string;
}

/**
 * Sends every copy by SMTP, at once and once: nothing is queued, so what the server did not take has to be sent again. Prints the seed
 * tool's lines, and what the server said where it did not take the message. Returns the exit code.
 */
export async function sendBySmtp(sealed: SealedMessage, id: string, smtp: SmtpConfig, shown: ShownMessage, json: boolean): Promise<number> {
  const say = json ? note : print;
  const { host, port, user, tls, name } = smtp;
  const password = smtpPassword(smtp, process.env);
  const delivery = new SmtpDelivery({ host, port, user, password, tls, name, connections: 1 });
  const recipients: RecipientOutcome[] = [];
  let failure: unknown;
  try {
    const { secure } = await delivery.open();
    say(openedLine(secure));
    say(hostLine({ host, port, user, password }));
    say(sendingLine(shown));
    const startedMs = performance.now();
    for (const copy of sealed.copies) {
      const message = joined(copy.sealed);
      const outcome = await delivery.send({ sender: sealed.plan.sender, recipients: copy.plan.recipients, message, envid: id });
      recipients.push(...outcome.recipients);
    }
    if (recipients.every(({ status }) => status === 'accepted')) say(okLine(performance.now() - startedMs));
  } catch (error) {
    failure = error;
  } finally {
    await delivery.close();
  }
  if (json) printJson({ envid: id, messageId: sealed.messageId, host, port, recipients });
  return tellOutcome(recipients, sealed, failure);
}

function tellOutcome(recipients: readonly RecipientOutcome[], sealed: SealedMessage, failure: unknown): number {
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
