import { SealdropError } from '../../errors.js';
import { hasBraces } from '../../message/braces.js';
import { headerText } from '../../message/header-text.js';
import type { Octets } from '../../message/octets.js';
import { checkEnvelope, checkSevenBit, needsSmtp } from '../copy-check.js';
import type { Copy, Delivery, DeliveryOutcome } from '../delivery.js';
import { withoutSecrets } from '../secret-forms.js';
import { HttpPoster } from './http-poster.js';
import { jsonBody } from './json-body.js';
import { outcomeOf } from './sparkpost-outcome.js';

export interface SparkpostOptions {
  /** `api.sparkpost.com`, with `http://` before it for a server on this machine. */
  readonly host: string;
  readonly apiKey: string;
  readonly subaccount?: number | undefined;
  /** SparkPost wants at most 10. */
  readonly connections?: number | undefined;
  /** How long an answer may take; SparkPost advises 300 s. */
  readonly answerMs?: number | undefined;
}

/** "The transmission content is limited to 20 MBs", which is taken to be the smaller of its two meanings. */
const MAXIMUM_CONTENT_BYTES = 20_000_000;
const PATH = '/api/v1/transmissions';

/**
 * Delivery by SparkPost's Transmissions API: the sealed message is handed in whole (`email_rfc822`), with everything off that would touch
 * it. At-least-once, as by SMTP: the API has no key for idempotence, and an answer can be lost.
 */
export class SparkpostDelivery implements Delivery {
  readonly #options: SparkpostOptions;
  readonly #poster: HttpPoster;

  constructor(options: SparkpostOptions) {
    this.#options = options;
    const { host, connections = 4, answerMs = 300_000 } = options;
    const origin = /^https?:\/\//i.test(host) ? host.replace(/\/$/, '') : `https://${host}`;
    this.#poster = new HttpPoster({ origin, connections, answerMs });
  }

  /**
   * Offers one copy to the API. Throws SealdropError: what outcomeOf throws (wait); bad-envelope-value, null-sender-needs-smtp,
   * smtputf8-needs-smtp, message-not-canonical, braces-in-header, larger-than-way-takes (quarantine).
   */
  async send(copy: Copy): Promise<DeliveryOutcome> {
    const message = copy.message;
    checkEnvelope(copy);
    if (copy.sender === '') throw needsSmtp('null-sender-needs-smtp', 'The null sender cannot be said to the SparkPost API.');
    checkSize(message);
    await checkSevenBit(copy, 'the SparkPost API');
    checkBraces(message);
    const { apiKey, subaccount, host } = this.#options;
    const headers = { authorization: apiKey, ...(subaccount === undefined ? {} : { 'x-msys-subaccount': String(subaccount) }) };
    const result = await this.#poster.post(PATH, headers, transmission(copy, message));
    return outcomeOf(result, copy.recipients, host, (text) => withoutSecrets(text, [apiKey]));
  }

  async close(): Promise<void> {
    await this.#poster.close();
  }
}

/** `metadata` comes back in SparkPost's events, so that they can be joined to our records and a duplicate be recognised. */
function transmission({ sender, recipients, envid }: Copy, message: Octets) {
  return jsonBody(message, (content) => ({
    options: {
      open_tracking: false,
      click_tracking: false,
      initial_open: false,
      transactional: true,
      perform_substitutions: false,
      inline_css: false,
    },
    metadata: { sealdrop_id: envid },
    return_path: sender,
    recipients: recipients.map((email) => ({ address: { email } })),
    content: { email_rfc822: content },
  }));
}

/** Substitution cannot be switched off for the header. Sealing has encoded what can be encoded; what is left would be replaced, or refused. */
function checkBraces(message: Octets): void {
  const line = headerText(message)
    .split(/\r\n(?![ \t])/)
    .find(hasBraces);
  if (line === undefined) return;
  const name = line.slice(0, Math.max(0, line.indexOf(':')));
  throw needsSmtp('braces-in-header', `The header field ${name} holds doubled braces, which SparkPost would take for a template.`);
}

function checkSize({ sizeBytes }: Octets): void {
  if (sizeBytes <= MAXIMUM_CONTENT_BYTES) return;
  throw new SealdropError(
    'larger-than-way-takes',
    `The sealed message has ${sizeBytes} octets; the SparkPost API takes at most ${MAXIMUM_CONTENT_BYTES}.`,
    {
      disposition: 'quarantine',
      cure: 'Let large mail go by SMTP (a rule with "delivery: { via: smtp }"), or lower outbox.maxMessageBytes: sealing adds about two fifths.',
    },
  );
}
