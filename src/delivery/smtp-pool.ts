import { SealdropError } from '../errors.js';
import type { SmtpSettings } from './smtp-options.js';
import { SmtpSession } from './smtp-session.js';

/**
 * A bounded set of sessions, kept between messages. nodemailer's own pool is not used: it sends a message again by itself when the
 * connection is lost, and whether the first one was taken is just what has to be known here.
 */
export class SmtpPool {
  readonly #settings: SmtpSettings;
  readonly #idle = new Map<SmtpSession, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;
  #closing = false;
  #onDrained: (() => void) | undefined;

  constructor(settings: SmtpSettings) {
    this.#settings = settings;
  }

  /** An open session for the caller alone, to be given back by release. Throws SmtpSession.open's errors, smtp-closed (wait). */
  async acquire(): Promise<SmtpSession> {
    if (this.#closing) throw closed();
    if (this.#inUse < this.#settings.connections) this.#inUse += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#takeIdle() ?? (await this.#open());
  }

  /** A new session in the place of one the server has meanwhile given up. Afterwards only the new one is to be released. */
  async replace(stale: SmtpSession): Promise<SmtpSession> {
    void stale.quit();
    return await this.#open();
  }

  release(session: SmtpSession): void {
    const { messagesPerConnection, timeouts } = this.#settings;
    if (session.usable && session.transactions < messagesPerConnection) {
      const timer = setTimeout(() => {
        this.#idle.delete(session);
        void session.quit();
      }, timeouts.idleMs);
      this.#idle.set(session, timer.unref());
    } else {
      void session.quit();
    }
    this.#passOn();
  }

  /** Refuses new work, lets what is under way finish, then ends all sessions. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#inUse > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    const sessions = [...this.#idle.keys()];
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all(sessions.map((session) => session.quit()));
  }

  #takeIdle(): SmtpSession | undefined {
    for (const [session, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(session);
      if (session.usable) return session;
    }
    return undefined;
  }

  async #open(): Promise<SmtpSession> {
    try {
      return await SmtpSession.open(this.#settings);
    } catch (error) {
      this.#passOn();
      throw error;
    }
  }

  /** The place of the caller goes to the one who waits longest. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inUse -= 1;
    else next();
    if (this.#inUse === 0) this.#onDrained?.();
  }
}

function closed(): SealdropError {
  return new SealdropError('smtp-closed', 'SMTP delivery has been stopped.', {
    disposition: 'wait',
    cure: 'Start sealdrop again; the message is kept and goes out then.',
  });
}
