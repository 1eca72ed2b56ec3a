import { SealdropError } from '../../errors.js';
import type { SmtpSettings } from './options.js';
import { allFailed, ServerList, systemNames } from './servers.js';
import { SmtpSession } from './session.js';

/** While there is another server to turn to, one has no longer than this to let us in. */
const impatientMs = 20_000;
/** What is wrong with one server and need not be with the next. A login it refuses the next one would refuse too. */
const ofOneServer = new Set(['smtp-unavailable', 'smtp-tls-failed', 'smtp-auth-needs-tls']);

/** Why servers did not serve, by their labels. */
export type Faults = Map<string, SealdropError>;

/**
 * A bounded set of sessions, kept between messages. nodemailer's own pool is not used: it sends a message again by itself when the
 * connection is lost, and whether the first one was taken is just what has to be known here.
 */
export class SmtpPool {
  readonly #settings: SmtpSettings;
  readonly #servers: ServerList;
  readonly #idle = new Map<SmtpSession, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;

  constructor(settings: SmtpSettings) {
    this.#settings = settings;
    this.#servers = new ServerList({
      servers: settings.servers,
      lookup: settings.lookup ?? 'a',
      lookUpMs: settings.timeouts.openMs,
      hostPauseMs: settings.timeouts.hostPauseMs,
      names: settings.names ?? systemNames,
      report: settings.onServer ?? (() => {}),
      now: Date.now,
    });
  }

  /**
   * An open session for the caller alone, to be given back by release. Throws SmtpSession.open's errors. `faults`, by label, gains those of
   * the servers that were tried in vain.
   */
  async acquire(faults: Faults): Promise<SmtpSession> {
    if (this.#inUse < this.#settings.connections) this.#inUse += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#takeIdle() ?? (await this.#open(faults));
  }

  /**
   * A new session in the place of one that the server has given up, with a server that `faults` does not speak of. Afterwards only the new
   * one is to be released. Throws the faults when no server is left.
   */
  async replace(stale: SmtpSession, faults: Faults): Promise<SmtpSession> {
    void stale.quit();
    const fault = faults.get(stale.target.label);
    if (fault !== undefined) this.#servers.failed(stale.target, fault);
    return await this.#open(faults);
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

  /** Ends the sessions. None may be in use. */
  async close(): Promise<void> {
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

  async #open(faults: Faults): Promise<SmtpSession> {
    try {
      return await this.#openAny(faults);
    } catch (error) {
      this.#passOn();
      throw error;
    }
  }

  async #openAny(faults: Faults): Promise<SmtpSession> {
    const { openMs } = this.#settings.timeouts;
    const targets = (await this.#servers.targets()).filter(({ label }) => !faults.has(label));
    for (const [index, target] of targets.entries()) {
      const isLast = index === targets.length - 1;
      try {
        const session = await SmtpSession.open(target, this.#settings, isLast ? openMs : Math.min(openMs, impatientMs));
        this.#servers.served(target);
        return session;
      } catch (error) {
        if (!(error instanceof SealdropError) || !ofOneServer.has(error.code)) throw error;
        this.#servers.failed(target, error);
        faults.set(target.label, error);
      }
    }
    throw allFailed([...faults.values()]);
  }

  /** The place of the caller goes to the one who waits longest. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inUse -= 1;
    else next();
  }
}
