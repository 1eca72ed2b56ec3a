import { smtpPassword } from '../config/environment.js';
import type { SmtpConfig } from '../config/schema.js';
import type { SealedMessage } from '../daemon/sealer.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { hostLine, okLine, openedLine, sendingLine } from '../delivery/seed-tool.js';
import { SmtpDelivery } from '../delivery/smtp.js';
import { joined } from '../message/octets.js';
import { note, print, printJson } from './output.js';
import { tellOutcome } from './send-outcome.js';

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
