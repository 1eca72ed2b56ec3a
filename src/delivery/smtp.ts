import { SealdropError } from '../errors.js';
import { byteFacts } from './byte-facts.js';
import type { Copy, Delivery, DeliveryOutcome, RecipientOutcome } from './delivery.js';
import { badEnvelopeValue, checkAddress, checkWord, needsSmtpUtf8 } from './envelope-value.js';
import { msysApiField } from './msys-api.js';
import { type SmtpOptions, type SmtpSettings, withDefaults } from './smtp-options.js';
import { outcomeOf } from './smtp-outcome.js';
import { SmtpPool } from './smtp-pool.js';
import type { SmtpSession, Transaction, TransactionEnvelope } from './smtp-session.js';

export type SmtpOutcome = DeliveryOutcome;

/**
 * Delivery by SMTP over a few kept connections. At-least-once: a recipient is `accepted` only by the server's word, and where the
 * word is missing after everything was sent the outcome says so instead of guessing.
 */
export class SmtpDelivery implements Delivery {
  readonly #settings: SmtpSettings;
  readonly #pool: SmtpPool;

  constructor(options: SmtpOptions) {
    this.#settings = withDefaults(options);
    this.#pool = new SmtpPool(this.#settings);
  }

  /** Opens a session ahead of the first message and keeps it. Tells whether it is under TLS. Throws as send does. */
  async open(): Promise<{ secure: boolean }> {
    const session = await this.#pool.acquire();
    this.#pool.release(session);
    return { secure: session.secure };
  }

  /**
   * Offers one copy to the server. Throws SealdropError: smtp-unavailable, smtp-auth-failed, smtp-auth-required, smtp-auth-needs-tls,
   * smtp-tls-failed, smtp-closed (wait); bad-envelope-value, message-not-canonical, bad-msys-api (quarantine).
   */
  async send(copy: Copy): Promise<SmtpOutcome> {
    checkEnvelope(copy);
    const { fault, eightBit } = byteFacts(copy.message);
    if (fault !== undefined) throw notCanonical(fault);
    const parts = this.#partsOf(copy);
    const session = await this.#pool.acquire();
    const refused = refusedByExtensions(copy, eightBit, session);
    const to = copy.recipients.filter((address) => !refused.has(address));
    if (to.length === 0) {
      this.#pool.release(session);
      return { recipients: [...refused.values()], acceptance: 'known' };
    }
    const transaction = await this.#transact(session, { from: copy.sender, to, envid: copy.envid, eightBit }, parts);
    return withRefused(copy.recipients, refused, outcomeOf(transaction, to, this.#settings));
  }

  /** Refuses new copies, waits for those in flight, and ends the sessions. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** A kept connection may have been cut by the server meanwhile: no content has been sent then, and a new one is tried, once. */
  async #transact(first: SmtpSession, envelope: TransactionEnvelope, parts: readonly Buffer[]): Promise<Transaction> {
    const kept = first.transactions > 0;
    let session = first;
    let transaction = await session.transact(envelope, parts);
    if (kept && wasCut(transaction)) {
      session = await this.#pool.replace(session);
      transaction = await session.transact(envelope, parts);
    }
    this.#pool.release(session);
    return transaction;
  }

  #partsOf({ message, submittedMsysApi }: Copy): Buffer[] {
    if (this.#settings.xMsysApi !== true) return [message];
    return [Buffer.from(msysApiField(submittedMsysApi), 'latin1'), message];
  }
}

function checkEnvelope({ sender, recipients, envid }: Copy): void {
  if (sender !== '') checkAddress('sender', sender);
  if (recipients.length === 0) throw badEnvelopeValue('The copy has no recipient.');
  for (const recipient of recipients) checkAddress('recipient', recipient);
  checkWord('the envelope id', envid);
}

/** nodemailer would send such addresses and octets to any server; one that has not offered to take them may do anything with them. */
function refusedByExtensions({ sender, recipients }: Copy, eightBit: boolean, session: SmtpSession): Map<string, RecipientOutcome> {
  const refused = new Map<string, RecipientOutcome>();
  for (const address of recipients) {
    if (eightBit && !session.offers('8BITMIME')) {
      refused.set(address, {
        address,
        status: 'refused',
        code: '8bitmime-not-offered',
        text: 'the message is 8-bit and the server takes 7-bit mail only',
      });
    } else if ((needsSmtpUtf8(sender) || needsSmtpUtf8(address)) && !session.offers('SMTPUTF8')) {
      refused.set(address, { address, status: 'refused', code: 'smtputf8-not-offered', text: 'the server takes ASCII addresses only' });
    }
  }
  return refused;
}

function withRefused(order: readonly string[], refused: ReadonlyMap<string, RecipientOutcome>, outcome: SmtpOutcome): SmtpOutcome {
  if (refused.size === 0) return outcome;
  const all = new Map([...refused, ...outcome.recipients.map((recipient) => [recipient.address, recipient] as const)]);
  return { ...outcome, recipients: order.map((address) => all.get(address)).filter((one) => one !== undefined) };
}

function wasCut({ error, progress }: Transaction): boolean {
  if (error === undefined || progress !== 'envelope') return false;
  return error.responseCode === 421 || (error.responseCode === undefined && (error.code === 'ECONNECTION' || error.code === 'ESOCKET'));
}

function notCanonical(fault: string): SealdropError {
  return new SealdropError('message-not-canonical', `The message holds ${fault}, which SMTP would alter and so break its signature.`, {
    disposition: 'quarantine',
    cure: 'Keep the message and report this as a defect of sealdrop: it has to make the bytes canonical before it seals them.',
  });
}
