import { smtpPassword } from '../config/environment.js';
import type { Config, SmtpConfig } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { hostLine, missingHostLine, okLine, openedLine, refusalLine, sendingLine } from '../delivery/seed-tool.js';
import { SmtpDelivery } from '../delivery/smtp.js';
import { decodeOctets, fieldsNamed, rawValue } from '../message/field.js';
import { decodeWords } from '../message/mail-libraries.js';
import { parseMimeTree } from '../message/mime-tree.js';
import { note, print } from './output.js';
import type { HandSealed } from './send-seal.js';

/** Sends every copy over one connection and says what the seed tool said, line for line. */
export async function sendBySmtp(file: string, seal: () => HandSealed, config: Config | undefined): Promise<number> {
  const server = serverOf(config);
  if (server === undefined) {
    note(missingHostLine());
    return exitCodes.configuration;
  }
  const sealed = seal();
  const delivery = new SmtpDelivery({ ...server, connections: 1 });
  try {
    const { secure } = await delivery.open();
    print(openedLine(secure));
    print(hostLine(server));
    const outcomes: RecipientOutcome[] = [];
    for (const { recipients, seal: sealCopy } of sealed.copies) {
      const message = sealCopy();
      print(sendingLine({ file, ...namesIn(message) }));
      const started = performance.now();
      const { recipients: found } = await delivery.send({ sender: sealed.sender, recipients, message, envid: sealed.id });
      outcomes.push(...found);
      if (found.every(({ status }) => status === 'accepted')) print(okLine(performance.now() - started));
    }
    return report(outcomes);
  } finally {
    await delivery.close();
  }
}

function report(outcomes: readonly RecipientOutcome[]): number {
  const failed = outcomes.filter(({ status }) => status !== 'accepted');
  for (const outcome of failed) note(refusalLine(outcome));
  if (failed.length === 0) return exitCodes.ok;
  const refused = failed.some(({ status }) => status === 'refused');
  note(
    refused
      ? '  what to do: mend the address or the server’s rules for this sender, then send again to those named.'
      : '  what to do: try again later; the server asks for it.',
  );
  return refused ? exitCodes.badMessage : exitCodes.tryLater;
}

/** The environment first, as the seed tool had it; loadConfig has laid it over the configuration already. */
function serverOf(
  config: Config | undefined,
):
  | (Pick<SmtpConfig, 'host' | 'port' | 'tls'> & { user: string | undefined; password: string | undefined; name: string | undefined })
  | undefined {
  const smtp = config?.delivery.smtp;
  if (smtp !== undefined)
    return { host: smtp.host, port: smtp.port, tls: smtp.tls, user: smtp.user, name: smtp.name, password: smtpPassword(smtp, process.env) };
  const { SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASSWORD } = process.env;
  if (SMTP_HOST === undefined || SMTP_HOST === '') return undefined;
  return {
    host: SMTP_HOST,
    port: Number(SMTP_PORT ?? 25),
    tls: 'opportunistic',
    user: SMTP_USER,
    password: SMTP_PASSWORD,
    name: undefined,
  };
}

/** From and To as the header shows them. */
function namesIn(message: Buffer): { from: string; to: string } {
  const { fields } = parseMimeTree(message);
  const shown = (name: string) =>
    fieldsNamed(fields, name)
      .map((field) => decodeWords(decodeOctets(rawValue(field))))
      .join(', ');
  return { from: shown('From'), to: shown('To') };
}
