import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import type { Octets } from '../../message/octets.js';
import { checkEnvelope, isEightBit } from '../copy-check.js';
import type { Copy, Delivery, DeliveryOutcome } from '../delivery.js';
import { badEnvelopeValue } from '../envelope-value.js';
import { printable } from '../printable.js';
import { type ProgramEnd, verdictOf } from './outcome.js';

export interface SendmailOptions {
  readonly program: string;
  /** After it the program is ended. */
  readonly timeoutMs: number;
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
   * Offers one copy to the program. Throws SealdropError: sendmail-unavailable (wait); bad-envelope-value, message-not-canonical (quarantine).
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
    const { program, timeoutMs } = this.#options;
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], env: ENVIRONMENT, cwd: '/' });
    const words = wordsOf(child);
    const ended = endOf(child, program);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    try {
      const [{ code, signal }, read] = await Promise.all([ended, fed(child, message)]);
      return { code, signal, read, words: printable(words().trim()) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * `-i`: a line with a dot alone is content. `-oep`: Exim tells of errors by its exit code instead of by a mail. After `--` nothing is an
 * option. `<>` is the null sender.
 */
function argumentsFor({ sender, recipients }: Copy, eightBit: boolean): string[] {
  return ['-i', '-oep', ...(eightBit ? ['-B8BITMIME'] : []), '-f', sender === '' ? '<>' : sender, '--', ...recipients];
}

/** Whether the program has read it all. One that ends early has said why by its exit code. */
async function fed({ stdin }: ChildProcess, message: Octets): Promise<boolean> {
  if (stdin === null) return false;
  try {
    await pipeline(Readable.from(withLocalLineEnds(message)), stdin);
    return true;
  } catch (error) {
    if (error instanceof SealdropError) throw error;
    return false;
  }
}

/**
 * LF, as sendmail's interface has it: Postfix converts CRLF only where `sendmail_fix_line_endings` lets it, others keep the CR. The MTA
 * writes CRLF on the wire again (RFC 5321 §2.3.8), and as there was no bare LF before, the octets that were signed are back.
 */
function* withLocalLineEnds(message: Octets): Generator<Buffer> {
  for (const piece of message.pieces()) {
    const local = Buffer.allocUnsafe(piece.length);
    let length = 0;
    // Canonical bytes hold CR in CRLF only, so it can go wherever a piece ends.
    for (const octet of piece) if (octet !== CR) local[length++] = octet;
    if (length > 0) yield local.subarray(0, length);
  }
}

const CR = 0x0d;

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

function notStarted(program: string, cause: Error): SealdropError {
  return new SealdropError('sendmail-unavailable', `${printable(program)} cannot be started: ${errnoOf(cause) ?? cause.message}`, {
    disposition: 'wait',
    cure: 'Install the MTA’s sendmail program, or correct delivery.sendmail.program; the user sealdrop runs as must be allowed to execute it. Mail waits and goes on by itself.',
    cause,
  });
}
