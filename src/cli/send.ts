import { Command, Option } from 'commander';
import { announcedBy } from '../config/announced.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { Sealer } from '../daemon/worker/sealer.js';
import { missingHostLine, missingKeyLine } from '../delivery/seed-tool.js';
import { SealdropError } from '../errors.js';
import { KeyDirectory } from '../keys/key-directory.js';
import type { Canonical } from '../message/canonical.js';
import { decodeOctets, fieldsNamed, rawValue } from '../message/field.js';
import { decodeWords } from '../message/mail-libraries.js';
import { joined } from '../message/octets.js';
import { newMessageId } from '../message-id.js';
import type { Way } from '../way.js';
import { wordedByHand } from './by-hand.js';
import { readInput } from './input.js';
import { note, print, printJson, reportError, writeBytes } from './output.js';
import { sendByApi } from './send-api.js';
import { sendByPickup } from './send-pickup.js';
import { policyByHand, type Wish } from './send-policy.js';
import { queueMessage } from './send-queue.js';
import { sendBySmtp } from './send-smtp.js';

interface SendOptions {
  readonly sign?: boolean;
  readonly signDetached?: boolean;
  readonly encrypt?: boolean;
  readonly sendSmtp?: boolean;
  readonly sendApi?: boolean;
  readonly sendPickup?: boolean;
  readonly queue?: boolean;
  readonly config?: string;
  readonly keys?: string;
  readonly json?: boolean;
}

export function sendCommand(ended: (exitCode: number) => void): Command {
  const command = new Command('send')
    .description('Seal one message by hand and send it, or print it.')
    .argument('<file>', 'the message, - for standard input')
    .addOption(new Option('--sign', 'sign it (opaque: application/pkcs7-mime)').conflicts('signDetached'))
    .option('--sign-detached', 'sign it so that every mail program shows the text (multipart/signed)')
    .option('--encrypt', 'encrypt it to every recipient; one without a certificate stops it')
    .addOption(new Option('--send-smtp', 'send it by SMTP').conflicts(['sendApi', 'sendPickup', 'queue']))
    .addOption(new Option('--send-api', 'send it by the SparkPost API').conflicts(['sendPickup', 'queue']))
    .addOption(new Option('--send-pickup', "put it into the MTA's pickup directory").conflicts('queue'))
    .addOption(
      new Option('--queue', 'drop it, as it is, into the outbox: the daemon seals, sends, archives and audits it').conflicts([
        'sign',
        'signDetached',
        'encrypt',
      ]),
    )
    .option('-c, --config <file>', 'configuration file: its policy, keys and delivery')
    .option('--keys <directory>', 'keys and certificates by address (default: those of the configuration, else ./keys)')
    .option('--json', 'print what became of each recipient, or the files written, as JSON')
    .addHelpText('after', help);
  return command.action(async (file: string, options: SendOptions) => {
    checkUsage(command, options);
    try {
      ended(await send(file, options));
    } catch (error) {
      ended(reportError(wordedByHand(error)));
    }
  });
}

const help = `
Without a --send option the result goes to standard output. Without --sign and
--encrypt the message is only made canonical, unless -c names a configuration:
then its policy decides. With -c the flags add to the policy; they never take
away from it. Nothing sent by hand is archived or audited: for that use --queue.

--send-smtp takes SMTP_HOST, SMTP_PORT (25), SMTP_USER and SMTP_PASSWORD from
the environment, else delivery.smtp of the configuration; --send-api takes
SPARKPOST_API_KEY and SPARKPOST_HOST (api.sparkpost.com), else
delivery.sparkpost. The passphrase of an encrypted key is read from
<address>.pass beside it or from SEALDROP_PASSPHRASE.
Underscore spellings (--send_smtp, --sign_detached) are taken too.

Exit codes: 0 sent, 65 refused by policy, for want of a certificate, or by the
server for good, 69 server not reachable, 75 to be tried again later, 77 not
permitted or not logged in, 78 not configured.

Examples:
  sealdrop send mail.eml --sign --encrypt --keys ./keys > sealed.eml
  SMTP_HOST=localhost sealdrop send mail.eml --sign --keys ./keys --send-smtp
  sealdrop send mail.eml -c /etc/sealdrop/sealdrop.yaml --queue`;

function checkUsage(command: Command, { sendSmtp, sendApi, sendPickup, queue, config, json }: SendOptions): void {
  if ((sendPickup || queue) && config === undefined) command.error(`error: --${queue ? 'queue' : 'send-pickup'} needs -c FILE`);
  if (json && !(sendSmtp || sendApi || sendPickup || queue)) command.error('error: --json goes with a --send option or --queue');
}

async function send(file: string, options: SendOptions): Promise<number> {
  const config = options.config === undefined ? undefined : loadConfig(options.config);
  if (options.queue && config !== undefined) return queue(file, config, options.json === true);

  const by = policyByHand(config, wishOf(options), wayOf(options));
  const { smtp, sparkpost, pickup } = by.delivery;
  if (options.sendSmtp && smtp === undefined) {
    note(missingHostLine());
    return exitCodes.configuration;
  }
  if (options.sendApi && sparkpost === undefined) {
    note(missingKeyLine());
    return exitCodes.configuration;
  }
  if (options.sendPickup && pickup === undefined) throw noPickup(options.config ?? '');

  const original = await readInput(file, by.outbox.maxMessageBytes);
  const now = new Date();
  const id = newMessageId(now.getTime());
  // What is sent by hand comes into no archive.
  const sealer = new Sealer(by, new KeyDirectory(options.keys ?? config?.keys ?? 'keys', { announced: announcedBy(by) }), []);
  // No check of `senders:`: it binds programs that drop mail to their addresses; whoever runs this holds the keys in hand.
  const sealed = sealer.seal(original, id, undefined, now);
  const shown = () => ({ file, ...shownAddresses(sealer.canonical(original)) });
  if (options.sendSmtp && smtp !== undefined) return sendBySmtp(sealed, id, smtp, shown(), options.json === true);
  if (options.sendApi && sparkpost !== undefined) return sendByApi(sealed, id, sparkpost, shown(), options.json === true);
  if (options.sendPickup && pickup !== undefined) {
    const files = sendByPickup(sealed, id, pickup, by.allowVolatile);
    const copies = files.map((path, index) => ({ file: path, recipients: sealed.plan.copies[index]?.recipients ?? [] }));
    if (options.json) printJson({ id, messageId: sealed.messageId, copies });
    else for (const copy of copies) print(`${copy.file}  ${copy.recipients.join(', ')}`);
    return exitCodes.ok;
  }
  const [copy, ...others] = sealed.copies;
  if (copy === undefined || others.length > 0) throw severalCopies(sealed.copies.length);
  await writeBytes(joined(copy.sealed));
  const unnamed = sealed.plan.decisions.filter(({ visible }) => !visible).map(({ address }) => address);
  if (unnamed.length > 0) note(`It is also for ${unnamed.join(', ')}, whom its header does not name.`);
  return exitCodes.ok;
}

async function queue(file: string, config: Config, json: boolean): Promise<number> {
  const original = await readInput(file, config.outbox.maxMessageBytes);
  if (original.length === 0) throw emptyMessage();
  const path = queueMessage(original, file, config);
  if (json) printJson({ file: path });
  else print(path);
  return exitCodes.ok;
}

function wayOf({ sendPickup, sendApi }: SendOptions): Way {
  return sendPickup ? 'pickup' : sendApi ? 'sparkpost' : 'smtp';
}

function wishOf({ sign, signDetached, encrypt }: SendOptions): Wish {
  return { sign: sign ? 'opaque' : signDetached ? 'detached' : undefined, encrypt: encrypt === true };
}

function shownAddresses(message: Canonical): { from: string; to: string } {
  const shown = (name: string) =>
    fieldsNamed(message.fields, name)
      .map((field) => decodeWords(decodeOctets(rawValue(field))))
      .join(', ');
  return { from: shown('From'), to: shown('To') };
}

function noPickup(configPath: string): SealdropError {
  return new SealdropError('config-invalid', `${configPath} has no section delivery.pickup`, {
    disposition: 'fatal',
    cure: 'Add it, with directory, staging and bad; or use --send-smtp.',
  });
}

function severalCopies(count: number): SealdropError {
  return new SealdropError('several-copies', `the message becomes ${count} copies, and standard output can hold one`, {
    disposition: 'quarantine',
    cure: 'Use --send-smtp or --send-pickup, which send every copy; "sealdrop explain" shows who gets which. Blind recipients get one each, and RSA and elliptic curve keys do not share one.',
  });
}

function emptyMessage(): SealdropError {
  return new SealdropError('empty-message', 'the message is empty', { disposition: 'quarantine', cure: 'Give a message with a header.' });
}
