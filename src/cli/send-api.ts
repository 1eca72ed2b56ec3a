import type { SparkpostConfig } from '../config/schema.js';
import { openSparkpost } from '../daemon/outgoing/open-ways.js';
import type { SealedMessage } from '../daemon/worker/sealer.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { apiLine, okLine, sendingLine } from '../delivery/seed-tool.js';
import { note, print, printJson } from './output.js';
import { offerCopies, tellOutcome } from './send-outcome.js';
import type { ShownMessage } from './send-smtp.js';

/** Sends every copy by the SparkPost API, at once and once; otherwise as sendBySmtp does. */
export async function sendByApi(
  sealed: SealedMessage,
  id: string,
  sparkpost: SparkpostConfig,
  shown: ShownMessage,
  json: boolean,
): Promise<number> {
  const say = json ? note : print;
  const { host } = sparkpost;
  const delivery = openSparkpost({ ...sparkpost, connections: 1 }, process.env);
  const recipients: RecipientOutcome[] = [];
  let failure: unknown;
  try {
    say(apiLine({ host }));
    say(sendingLine(shown));
    const startedMs = performance.now();
    await offerCopies(delivery, sealed, id, recipients);
    if (recipients.every(({ status }) => status === 'accepted')) say(okLine(performance.now() - startedMs));
  } catch (error) {
    failure = error;
  } finally {
    await delivery.close();
  }
  if (json) printJson({ envid: id, messageId: sealed.messageId, host, recipients });
  return tellOutcome(recipients, sealed, failure);
}
