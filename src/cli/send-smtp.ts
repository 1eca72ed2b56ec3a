import type { SmtpConfig } from '../config/schema.js';
import { smtpOptions } from '../daemon/outgoing/open-smtp.js';
import type { SealedMessage } from '../daemon/worker/sealer.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { hostLine, okLine, openedLine, sendingLine } from '../delivery/seed-tool.js';
import { SmtpDelivery } from '../delivery/smtp/smtp.js';
import { note, print, printJson } from './output.js';
import { offerCopies, tellOutcome } from './send-outcome.js';

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
  const options = smtpOptions(smtp, process.env);
  const delivery = new SmtpDelivery({ ...options, connections: 1 });
  let server = options.servers[0];
  const recipients: RecipientOutcome[] = [];
  let failure: unknown;
  try {
    const opened = await delivery.open();
    server = opened;
    say(openedLine(opened.secure));
    say(hostLine({ ...opened, user: options.login?.user, password: options.login?.secret() }));
    say(sendingLine(shown));
    const startedMs = performance.now();
    await offerCopies(delivery, sealed, id, recipients);
    if (recipients.every(({ status }) => status === 'accepted')) say(okLine(performance.now() - startedMs));
  } catch (error) {
    failure = error;
  } finally {
    await delivery.close();
  }
  if (json) printJson({ envid: id, messageId: sealed.messageId, host: server?.host, port: server?.port, recipients });
  return tellOutcome(recipients, sealed, failure);
}
