import { SealdropError } from '../../errors.js';
import { type Octets, octetsOf } from '../../message/octets.js';
import { checkEnvelope, isEightBit } from '../copy-check.js';
import type { Copy, Delivery, DeliveryOutcome } from '../delivery.js';
import { refusedByExtensions, withRefused } from './extensions.js';
import { msysApiField } from './msys-api.js';
import { type SmtpOptions, type SmtpSettings, withDefaults } from './options.js';
import { outcomeOf } from './outcome.js';
import { type Faults, SmtpPool } from './pool.js';
import type { SmtpSession } from './session.js';

/** Where a session that was opened leads. */
export interface Opened {
  readonly host: string;
  readonly port: number;
  /** Under TLS. */
  readonly secure: boolean;
}

/**
 * Delivery by SMTP over a few kept connections. At-least-once: a recipient is `accepted` only by the server's word, and where the
 * word is missing after everything was sent the outcome says so instead of guessing.
 */
export class SmtpDelivery implements Delivery {
  readonly #settings: SmtpSettings;
  readonly #pool: SmtpPool;
  readonly #inFlight = new Set<Promise<DeliveryOutcome>>();
  #closing = false;

  constructor(options: SmtpOptions) {
    this.#settings = withDefaults(options);
    this.#pool = new SmtpPool(this.#settings);
  }

  /** Opens a session ahead of the first message and keeps it. Throws as send does. */
  async open(): Promise<Opened> {
    if (this.#closing) throw closed();
    const session = await this.#pool.acquire(new Map());
    this.#pool.release(session);
    const { name, port } = session.target;
    return { host: name, port, secure: session.secure };
  }

  /**
   * Offers one copy to the server, or to the next one if it does not serve. Throws SealdropError: smtp-unavailable, smtp-auth-failed,
   * smtp-auth-required, smtp-auth-needs-tls, smtp-token-unreadable, smtp-tls-failed, smtp-closed (wait); bad-envelope-value,
   * message-not-canonical, bad-msys-api (quarantine); and what reading the message throws.
   */
  async send(copy: Copy): Promise<DeliveryOutcome> {
    if (this.#closing) throw closed();
    const outcome = this.#send(copy);
    this.#inFlight.add(outcome);
    try {
      return await outcome;
    } finally {
      this.#inFlight.delete(outcome);
    }
  }

  /** Refuses new copies, waits for those in flight, and ends the sessions. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#inFlight);
    await this.#pool.close();
  }

  async #send(copy: Copy): Promise<DeliveryOutcome> {
    checkEnvelope(copy);
    return await this.#offer(copy, await isEightBit(copy.message), this.#contentOf(copy));
  }

  /**
   * A server that ends the session, or says nothing, before it has anything of the content has not taken it: a kept connection it may just
   * have found too old, and another server may serve.
   */
  async #offer(copy: Copy, eightBit: boolean, content: Octets): Promise<DeliveryOutcome> {
    const faults: Faults = new Map();
    let session = await this.#pool.acquire(faults);
    for (;;) {
      const kept = session.transactions > 0;
      try {
        const outcome = await transact(session, copy, eightBit, content);
        this.#pool.release(session);
        return outcome;
      } catch (error) {
        const servesNot = error instanceof SealdropError && error.code === 'smtp-unavailable';
        if (!servesNot) {
          this.#pool.release(session);
          throw error;
        }
        if (!kept) faults.set(session.target.label, error);
        session = await this.#pool.replace(session, faults);
      }
    }
  }

  /** The sealed bytes stay as they are; what a vendor is told goes before them, the same at every attempt. */
  #contentOf({ message, submittedMsysApi }: Copy): Octets {
    const { msysApi } = this.#settings;
    if (msysApi === undefined) return message;
    return octetsOf(Buffer.from(msysApiField(msysApi, submittedMsysApi), 'latin1'), message);
  }
}

async function transact(session: SmtpSession, copy: Copy, eightBit: boolean, content: Octets): Promise<DeliveryOutcome> {
  const refused = refusedByExtensions(copy, { eightBit, sizeBytes: content.sizeBytes }, session);
  const to = copy.recipients.filter((address) => !refused.has(address));
  if (to.length === 0) return { recipients: [...refused.values()], acceptance: 'known' };
  const transaction = await session.transact({ from: copy.sender, to, envid: copy.envid, eightBit }, content);
  return withRefused(copy.recipients, refused, outcomeOf(transaction, to, session.facts));
}

function closed(): SealdropError {
  return new SealdropError('smtp-closed', 'SMTP delivery has been stopped.', {
    disposition: 'wait',
    cure: 'Start sealdrop again; the message is kept and goes out then.',
  });
}
