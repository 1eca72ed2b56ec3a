import { Readable } from 'node:stream';
import SMTPConnection, { type SMTPEnvelope, type SMTPError } from 'nodemailer/lib/smtp-connection';
import { openingError, plainLoginError } from './smtp-error.js';
import { allowsPlainLogin, connectionOptions, type SmtpSettings } from './smtp-options.js';
import { ehloKeywords } from './smtp-reply.js';

/** How far a transaction had come: in the envelope commands, sending content (354 was given), or with everything sent. */
type Progress = 'envelope' | 'content' | 'sent';

export interface Transaction {
  readonly progress: Progress;
  /** Undefined: the server took the message. */
  readonly error: SMTPError | undefined;
  /** The server's last reply when it took the message. */
  readonly response: string | undefined;
  /** Recipients refused by RCPT, with their own replies. */
  readonly rejected: readonly SMTPError[];
}

export interface TransactionEnvelope {
  readonly from: string;
  readonly to: readonly string[];
  readonly envid: string;
  readonly eightBit: boolean;
}

const CHUNK_BYTES = 65_536;

/** One SMTP session: nodemailer's connection with its callbacks, events and time limits turned into promises that always settle. */
export class SmtpSession {
  readonly #connection: SMTPConnection;
  readonly #settings: SmtpSettings;
  readonly #keywords: ReadonlySet<string>;
  #transactions = 0;

  private constructor(connection: SMTPConnection, settings: SmtpSettings, keywords: ReadonlySet<string>) {
    this.#connection = connection;
    this.#settings = settings;
    this.#keywords = keywords;
  }

  /** Connects, goes under TLS and logs in as configured. Throws what openingError makes of a failure (all of them `wait`). */
  static async open(settings: SmtpSettings): Promise<SmtpSession> {
    const connection = new SMTPConnection(connectionOptions(settings));
    connection.on('error', () => {}); // Each step listens for itself; an error while idle only makes the session unusable.
    const deadlineMs = Date.now() + settings.timeouts.openMs;
    try {
      await step<void>(connection, settings.timeouts.openMs, (done) => connection.connect((error) => done(error ?? null)));
      const keywords = ehloKeywords(connection.lastServerResponse);
      await logIn(connection, settings, deadlineMs - Date.now());
      return new SmtpSession(connection, settings, keywords);
    } catch (error) {
      const failure = openingError(error, settings, {
        duringTls: connection.upgrading === true,
        connected: connection.stage === 'connected',
      });
      connection.close();
      throw failure;
    }
  }

  /** Under TLS. */
  get secure(): boolean {
    return this.#connection.secure;
  }

  get transactions(): number {
    return this.#transactions;
  }

  /** False once the server or a fault has ended the session. */
  get usable(): boolean {
    return !this.#connection.destroyed;
  }

  offers(keyword: string): boolean {
    return this.#keywords.has(keyword);
  }

  /** One mail transaction (RFC 5321 §3.3); `parts` are the message in order. Never throws for what the server does. */
  async transact(envelope: TransactionEnvelope, parts: readonly Buffer[]): Promise<Transaction> {
    this.#transactions += 1;
    const { from, to, envid, eightBit } = envelope;
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    let progress: Progress = 'envelope';
    const content = readableOf(parts, (next) => {
      progress = next;
    });
    // nodemailer notes the refused recipients on the envelope it is given; after a refused DATA that is the only place.
    const noted: SMTPEnvelope & { rejectedErrors?: SMTPError[] } = { from, to: [...to], size, use8BitMime: eightBit, dsn: { envid } };
    try {
      const info = await step<{ response: string }>(this.#connection, this.#settings.timeouts.transactionMs, (done) =>
        this.#connection.send(noted, content, done),
      );
      // A second reply to the dot would be taken for the answer to the next command: a turn later nodemailer has seen it and given up the session.
      await new Promise(setImmediate);
      return { progress: 'sent', error: undefined, response: info?.response, rejected: noted.rejectedErrors ?? [] };
    } catch (error) {
      await this.#reset();
      return { progress, error: error as SMTPError, response: undefined, rejected: noted.rejectedErrors ?? [] };
    }
  }

  /** Says QUIT and resolves when the connection has ended, within a second. */
  async quit(): Promise<void> {
    if (!this.usable) return;
    try {
      await step(this.#connection, 1000, () => this.#connection.quit());
    } catch {
      // The end of the connection is what was asked for; how it ends does not matter any more.
    }
    this.#connection.close();
  }

  /** A refused transaction is still open at the server (RFC 5321 §4.1.4), so the session is cleared for the next one, or given up. */
  async #reset(): Promise<void> {
    if (!this.usable) return;
    try {
      await step(this.#connection, this.#settings.timeouts.openMs, (done) => this.#connection.reset(done));
    } catch {
      this.#connection.close();
    }
  }
}

async function logIn(connection: SMTPConnection, settings: SmtpSettings, timeoutMs: number): Promise<void> {
  const { user, password } = settings;
  if (user === undefined || user === '') return;
  if (!connection.secure && !allowsPlainLogin(settings)) throw plainLoginError(settings);
  if (!connection.allowsAuth) throw Object.assign(new Error('The server does not offer AUTH'), { code: 'EAUTH' });
  await step(connection, timeoutMs, (done) => connection.login({ user, pass: password ?? '' }, done));
}

type Done<T> = (error: Error | null, value?: T) => void;

/**
 * Settles on whichever comes first: the callback, the connection's error, its end, the time limit. nodemailer does not call back when
 * the connection dies under connect, login or reset. An `end` waits a turn, because nodemailer ends the session before it
 * calls back with the 421 that was the reason.
 */
function step<T>(connection: SMTPConnection, timeoutMs: number, start: (done: Done<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, value?: T) => {
      clearTimeout(timer);
      connection.off('error', settle);
      connection.off('end', onEnd);
      if (error === null) resolve(value);
      else reject(error);
    };
    const onEnd = () => setImmediate(settle, sessionFault('ECONNECTION', 'Connection closed'));
    const timer = setTimeout(() => {
      settle(sessionFault('ETIMEDOUT', 'Timeout'));
      connection.close();
    }, timeoutMs);
    connection.once('error', settle);
    connection.once('end', onEnd);
    start(settle);
  });
}

function sessionFault(code: string, message: string): SMTPError {
  return Object.assign(new Error(message), { code });
}

/** nodemailer begins to read when the server has answered 354, and writes the final dot only after the end of the stream. */
function readableOf(parts: readonly Buffer[], onProgress: (progress: Progress) => void): Readable {
  const chunks = chunksOf(parts);
  return new Readable({
    read() {
      onProgress('content');
      const { value, done } = chunks.next();
      if (done === true) onProgress('sent');
      this.push(done === true ? null : value);
    },
  });
}

function* chunksOf(parts: readonly Buffer[]): Generator<Buffer, undefined> {
  for (const part of parts) {
    for (let start = 0; start < part.length; start += CHUNK_BYTES) yield part.subarray(start, start + CHUNK_BYTES);
  }
  return undefined;
}
