import { Readable } from 'node:stream';
import type { SMTPEnvelope, SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Octets } from '../../message/octets.js';
import { SmtpConnection } from './connection.js';
import { requestReports } from './dsn.js';
import { openingError, type SessionFacts } from './error.js';
import { type Credentials, credentialsOf, hiddenForms, logIn } from './login.js';
import type { SmtpSettings } from './options.js';
import { ehloKeywords, sizeLimit } from './reply.js';
import { isLoopback, type SmtpTarget } from './servers.js';
import { sessionFault, step } from './step.js';

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
  readonly target: SmtpTarget;
  readonly facts: SessionFacts;
  /** What the server said the octets of a message may be (RFC 1870). */
  readonly sizeLimit: number | undefined;
  readonly #connection: SmtpConnection;
  readonly #settings: SmtpSettings;
  readonly #keywords: ReadonlySet<string>;
  #transactions = 0;

  private constructor(connection: SmtpConnection, target: SmtpTarget, settings: SmtpSettings, facts: SessionFacts, ehlo: string | false) {
    this.target = target;
    this.facts = facts;
    this.sizeLimit = sizeLimit(ehlo);
    this.#connection = connection;
    this.#settings = settings;
    this.#keywords = ehloKeywords(ehlo);
    requestReports(connection, settings.dsn, this.#keywords.has('DSN'));
  }

  /** Connects, goes under TLS and logs in as configured. Throws what openingError makes of a failure (all of them `wait`). */
  static async open(target: SmtpTarget, settings: SmtpSettings, openMs: number): Promise<SmtpSession> {
    const credentials = credentialsOf(settings.login);
    const facts = factsOf(target, settings, credentials);
    const connection = new SmtpConnection(target, settings, openMs);
    connection.on('error', () => {}); // Each step listens for itself; an error while idle only makes the session unusable.
    const deadlineMs = Date.now() + openMs;
    try {
      await step<void>(connection, openMs, (done) => connection.connect((error) => done(error ?? null)));
      const ehlo = connection.lastServerResponse;
      checkFingerprint(connection, settings.fingerprints);
      if (credentials !== undefined) await logIn(connection, credentials, facts, deadlineMs - Date.now());
      return new SmtpSession(connection, target, settings, facts, ehlo);
    } catch (error) {
      const failure = openingError(error, facts, { duringTls: connection.upgrading === true, connected: connection.stage === 'connected' });
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

  /**
   * One mail transaction (RFC 5321 §3.3). Never throws for what the server does; what reading the message throws is thrown, and the
   * session is ended then, for the server has a part of it.
   */
  async transact(envelope: TransactionEnvelope, message: Octets): Promise<Transaction> {
    this.#transactions += 1;
    const { from, to, envid, eightBit } = envelope;
    let progress: Progress = 'envelope';
    let unreadable: unknown;
    const content = readableOf(message, {
      progress: (next) => {
        progress = next;
      },
      failed: (error) => {
        unreadable = error;
      },
    });
    // nodemailer notes the refused recipients on the envelope it is given; after a refused DATA that is the only place.
    const noted: SMTPEnvelope & { rejectedErrors?: SMTPError[] } = {
      from,
      to: [...to],
      size: message.sizeBytes,
      use8BitMime: eightBit,
      dsn: { envid, ret: this.#settings.dsn?.ret },
    };
    try {
      const info = await step<{ response: string }>(this.#connection, this.#settings.timeouts.transactionMs, (done) =>
        this.#connection.send(noted, content, done),
      );
      // A second reply to the dot would be taken for the answer to the next command: a turn later nodemailer has seen it and given up the session.
      await new Promise(setImmediate);
      return { progress: 'sent', error: undefined, response: info?.response, rejected: noted.rejectedErrors ?? [] };
    } catch (error) {
      if (unreadable !== undefined) {
        this.#connection.close();
        throw unreadable;
      }
      await this.#reset();
      return { progress, error: error as SMTPError, response: undefined, rejected: noted.rejectedErrors ?? [] };
    } finally {
      content.destroy();
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

function factsOf({ label, address }: SmtpTarget, { tls }: SmtpSettings, credentials: Credentials | undefined): SessionFacts {
  const { user, auth } = credentials ?? {};
  const trustsWire = tls === 'none' || isLoopback(address) || address === 'localhost';
  return { server: label, tls, trustsWire, user, auth, hidden: hiddenForms(credentials) };
}

/** Before anything is said that not everybody may know. A certificate that is pinned needs nobody who vouches for it. */
function checkFingerprint(connection: SmtpConnection, pinned: readonly string[] | undefined): void {
  const shown = connection.fingerprint;
  if (pinned === undefined || (shown !== undefined && pinned.includes(shown))) return;
  throw sessionFault('ETLS', `its certificate has the SHA-256 fingerprint ${shown ?? 'of none'}, which "fingerprints:" does not name`);
}

interface Watch {
  readonly progress: (progress: Progress) => void;
  readonly failed: (error: unknown) => void;
}

/** nodemailer begins to read when the server has answered 354, and writes the final dot only after the end of the stream. */
function readableOf(message: Octets, watch: Watch): Readable {
  let pieces: Iterator<Buffer> | undefined;
  return new Readable({
    highWaterMark: 0,
    read() {
      try {
        pieces ??= chunksOf(message);
        watch.progress('content');
        const { value, done } = pieces.next();
        if (done === true) watch.progress('sent');
        this.push(done === true ? null : value);
      } catch (error) {
        watch.failed(error);
        this.destroy(new Error('the message cannot be read')); // nodemailer changes the errors it is given.
      }
    },
    destroy(error, done) {
      pieces?.return?.(); // Lets go of the file it is read from.
      done(error);
    },
  });
}

/** No more at a time than a socket takes in one go, so that `sent` does not come before its time. */
function* chunksOf(message: Octets): Generator<Buffer> {
  for (const piece of message.pieces()) {
    for (let start = 0; start < piece.length; start += CHUNK_BYTES) yield piece.subarray(start, start + CHUNK_BYTES);
  }
}
