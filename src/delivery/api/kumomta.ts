import type { Octets } from '../../message/octets.js';
import { checkEnvelope, checkSevenBit } from '../copy-check.js';
import type { Copy, Delivery, DeliveryOutcome } from '../delivery.js';
import { secretForms, withoutSecrets } from '../secret-forms.js';
import { HttpPoster } from './http-poster.js';
import { jsonBody } from './json-body.js';
import { outcomeOf } from './kumomta-outcome.js';

export interface KumomtaOptions {
  /** `http://host:port` or `https://…` */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly connections?: number | undefined;
  /** How long an answer may take: KumoMTA answers when every recipient's message is in its spool. */
  readonly answerMs?: number | undefined;
}

const PATH = '/api/inject/v1';

/**
 * Delivery by KumoMTA's HTTP injection. It reads the MIME structure and writes it anew, so that only opaque and encrypted mail, and mail
 * that nobody signed, arrives as it was sealed (policy/way-limits.ts). At-least-once.
 */
export class KumomtaDelivery implements Delivery {
  readonly #options: KumomtaOptions;
  readonly #poster: HttpPoster;

  constructor(options: KumomtaOptions) {
    this.#options = options;
    const { url, connections = 4, answerMs = 300_000 } = options;
    this.#poster = new HttpPoster({ origin: url.replace(/\/$/, ''), connections, answerMs });
  }

  /**
   * Offers one copy. Throws SealdropError: what outcomeOf throws (wait); bad-envelope-value, smtputf8-needs-smtp, message-not-canonical
   * (quarantine).
   */
  async send(copy: Copy): Promise<DeliveryOutcome> {
    checkEnvelope(copy);
    await checkSevenBit(copy, 'KumoMTA’s HTTP injection');
    const { url, user, password } = this.#options;
    const token = Buffer.from(`${user ?? ''}:${password ?? ''}`, 'utf8').toString('base64');
    const headers = user === undefined ? {} : { authorization: `Basic ${token}` };
    const result = await this.#poster.post(PATH, headers, injection(copy, copy.message));
    const hidden = user === undefined ? [] : [token, ...secretForms(user, password)];
    return outcomeOf(result, copy.recipients, url, (text) => withoutSecrets(text, hidden));
  }

  async close(): Promise<void> {
    await this.#poster.close();
  }
}

/** `Static`: braces are no template (since KumoMTA 2025.12.02; an earlier one refuses the unknown member, which is what we want). */
function injection({ sender, recipients }: Copy, message: Octets) {
  return jsonBody(message, (content) => ({
    envelope_sender: sender,
    template_dialect: 'Static',
    recipients: recipients.map((email) => ({ email })),
    content,
  }));
}
