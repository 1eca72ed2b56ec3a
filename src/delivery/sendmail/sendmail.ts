import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import type { Octets } from '../../message/octets.js';
import { checkEnvelope, isEightBit } from '../copy-check.js';
import type { Copy, Delivery, DeliveryOutcome } from '../delivery.js';
import { badEnvelopeValue } from '../envelope-value.js';
import { printable } from '../printable.js';
import { isReadToItsEnd, openInput } from './input.js';
import { type ProgramEnd, verdictOf } from './outcome.js';

export interface SendmailOptions {
  readonly program: string;
  /** After it the program is ended. */
  readonly timeoutMs: number;
  /** Where the message is made ready for the program's standard input; on a disk with room for it. */
  readonly directory: string;
}

const MAXIMUM_WORDS = 4096;
const WORDS_MS = 500;
/** Nothing of ours: a sendmail program is set-group-ID, and takes what it needs from its own configuration. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Delivery by the sendmail program of Postfix, Exim, OpenSMTPD or sendmail: started without a shell, the envelope in its arguments, the
 * message on its standard input. At-least-once: a program that is ended before it says anything may have taken the message.
 */
export class SendmailDelivery implements Delivery {
  readonly #options: SendmailOptions;
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: SendmailOptions) {
    this.#options = options;
  }

  /**
   * Offers one copy to the program. Throws SealdropError: sendmail-unavailable (wait); bad-envelope-value, message-not-canonical,
   * larger-than-way-takes (quarantine); what reading the message throws, and disk faults.
   */
  async send(copy: Copy): Promise<DeliveryOutcome> {
    checkEnvelope(copy);
    // After `-f` a program may take it for another option; nobody has such an address, and SMTP can say it.
    if (copy.sender.startsWith('-')) throw badEnvelopeValue(`The envelope sender "${printable(copy.sender)}" begins with a hyphen.`);
    const eightBit = await isEightBit(copy.message);
    const run = this.#run(argumentsFor(copy, eightBit), copy.message);
    this.#running.add(run);
    try {
      const { acceptance, ...verdict } = verdictOf(await run, this.#options.program);
      return { recipients: copy.recipients.map((address) => ({ address, ...verdict })), acceptance };
    } finally {
      this.#running.delete(run);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #run(args: readonly string[], message: Octets): Promise<ProgramEnd> {
    const { program, timeoutMs, directory } = this.#options;
    const input = await openInput(directory, message);
    let timer: NodeJS.Timeout | undefined;
    try {
      const child = started(program, args, input);
      const words = wordsOf(child);
      timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      const { code, signal } = await endOf(child, program);
      return { code, signal, read: isReadToItsEnd(input), words: printable(words().trim()) };
    } finally {
      clearTimeout(timer);
      closeSync(input);
    }
  }
}

/** What Node.js does not tell by an event it throws. */
function started(program: string, args: readonly string[], input: number): ChildProcess {
  try {
    return spawn(program, args, { stdio: [input, 'ignore', 'pipe'], env: ENVIRONMENT, cwd: '/' });
  } catch (error) {
    throw errnoOf(error) === 'E2BIG' ? tooManyRecipients(error) : notStarted(program, error);
  }
}

/**
 * `-i`: a line with a dot alone is content. `-oep`: Exim tells of errors by its exit code instead of by a mail. After `--` nothing is an
 * option. `<>` is the null sender.
 */
function argumentsFor({ sender, recipients }: Copy, eightBit: boolean): string[] {
  return ['-i', '-oep', ...(eightBit ? ['-B8BITMIME'] : []), '-f', sender === '' ? '<>' : sender, '--', ...recipients];
}

function wordsOf({ stderr }: ChildProcess): () => string {
  let words = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (words.length < MAXIMUM_WORDS) words += text;
  });
  return () => words;
}

function endOf(child: ChildProcess, program: string): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(notStarted(program, error)));
    child.on('exit', (code, signal) => {
      // A delivery process that the program has left behind may keep its standard error open for long; what it wrote itself is there by then.
      const timer = setTimeout(() => child.stderr?.destroy(), WORDS_MS);
      child.on('close', () => {
        clearTimeout(timer);
        resolve({ code, signal });
      });
    });
  });
}

function notStarted(program: string, cause: unknown): SealdropError {
  return new SealdropError('sendmail-unavailable', `${printable(program)} cannot be started: ${errnoOf(cause) ?? String(cause)}`, {
    disposition: 'wait',
    cure: 'Install the MTA’s sendmail program, or correct delivery.sendmail.program; the user sealdrop runs as must be allowed to execute it. Mail waits and goes on by itself.',
    cause,
  });
}

/** It is this message that no program can be given, and not the next one. */
function tooManyRecipients(cause: unknown): SealdropError {
  return new SealdropError('larger-than-way-takes', 'The copy has more recipients than a program can be given as arguments.', {
    disposition: 'quarantine',
    cure: 'Let such mail go by SMTP (a rule with "delivery: { via: smtp }"), or submit it in parts.',
    cause,
  });
}
