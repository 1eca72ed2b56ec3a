import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { SealdropError } from '../errors.js';
import { readMessageFile, writeOut } from './message-file.js';
import { sendByPickup } from './send-pickup.js';
import { queueMessage } from './send-queue.js';
import { sealByHand } from './send-seal.js';
import { sendBySmtp } from './send-smtp.js';

export interface SendFlags {
  readonly sign?: boolean;
  readonly signDetached?: boolean;
  readonly encrypt?: boolean;
  readonly sendSmtp?: boolean;
  readonly sendApi?: boolean;
  readonly sendPickup?: boolean;
  readonly queue?: boolean;
  readonly config?: string;
  readonly keys?: string;
}

export function sendCommand(ended: (exitCode: number) => void): Command {
  return new Command('send')
    .description('Send one message by hand. Without a --send flag the sealed message goes to standard output.')
    .argument('<file>', 'message file, or - for standard input')
    .option('--sign', 'sign, opaque (the signature encloses the message)')
    .option('--sign-detached', 'sign, detached (everybody can read the message)')
    .option('--encrypt', 'encrypt to every recipient; without a certificate for each of them nothing is sent')
    .option(
      '--send-smtp',
      'send by SMTP: SMTP_HOST, SMTP_PORT (25), SMTP_USER, SMTP_PASSWORD from the environment, else from the configuration',
    )
    .option('--send-api', 'send by the SparkPost API (not supported by this version)')
    .option('--send-pickup', "write into the MTA's pickup directory of the configuration")
    .option('--queue', "drop the message, as it is, into the outbox of the configuration's spool")
    .option('-c, --config <file>', 'configuration file; without --sign and --encrypt its policy decides how to seal')
    .option('--keys <dir>', 'keys directory (default: that of the configuration, else ./keys)')
    .addHelpText('after', '\nThe spellings of the seed tool are taken too: --send_smtp, --send_api, --sign_detached.')
    .action(async (file: string, flags: SendFlags) => ended(await send(file, flags)));
}

async function send(file: string, flags: SendFlags): Promise<number> {
  const ways = [flags.sendSmtp, flags.sendApi, flags.sendPickup, flags.queue].filter((way) => way === true).length;
  if (ways > 1) throw usage('only one of --send-smtp, --send-api, --send-pickup and --queue can be given');
  if (flags.sign === true && flags.signDetached === true) throw usage('--sign and --sign-detached exclude each other');
  if (flags.sendApi === true) throw notSupported();
  const config = flags.config === undefined ? undefined : loadConfig(flags.config);
  if (flags.queue === true) return queueMessage(file, readMessageFile(file), needed(config, '--queue'));
  if (flags.sendPickup === true) needed(config, '--send-pickup');

  if (flags.sendSmtp === true) return sendBySmtp(file, () => sealByHand(readMessageFile(file), flags, config, 'smtp'), config);
  const sealed = sealByHand(readMessageFile(file), flags, config, flags.sendPickup === true ? 'pickup' : 'smtp');
  if (flags.sendPickup === true) return sendByPickup(sealed, needed(config, '--send-pickup'));
  const [copy, ...others] = sealed.copies;
  if (copy === undefined || others.length > 0) {
    throw new SealdropError(
      'several-copies',
      `the message makes ${sealed.copies.length} copies (blind recipients get one each), and standard output holds one`,
      {
        disposition: 'quarantine',
        cure: 'Send it with --send-smtp or --send-pickup, or take the blind recipients out.',
      },
    );
  }
  await writeOut(copy.seal());
  return exitCodes.ok;
}

function needed(config: Config | undefined, flag: string): Config {
  if (config === undefined) throw usage(`${flag} needs -c FILE`);
  return config;
}

function usage(text: string): SealdropError {
  return new SealdropError('usage', text, { disposition: 'fatal', cure: 'See sealdrop send --help.' });
}

function notSupported(): SealdropError {
  return new SealdropError('not-supported', 'the SparkPost API is not supported by this version', {
    disposition: 'fatal',
    cure: 'Send by SMTP: SparkPost takes it at smtp.sparkpostmail.com, port 587, user SMTP_Injection, with the API key as password.',
  });
}
