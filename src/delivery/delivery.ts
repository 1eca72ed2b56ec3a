import type { Octets } from '../message/octets.js';

/** One sealed copy on its way to the MTA: the envelope it travels in (RFC 5321) and its bytes. */
export interface Copy {
  /** Bare address; '' is the null sender. */
  readonly sender: string;
  /** Bare addresses, each once. */
  readonly recipients: readonly string[];
  /** Canonical bytes: CRLF line ends, lines of at most 998 octets. Read piece by piece, and more than once, the same each time. */
  readonly message: Octets;
  /** Goes out as the DSN envelope id (RFC 3461 §4.4), so that bounces and accounting can be joined to our records. */
  readonly envid: string;
  /** The submitted X-MSYS-API value, if the message carried one and the way of delivery speaks it. */
  readonly submittedMsysApi?: string | undefined;
}

/** What became of one recipient. */
export interface RecipientOutcome {
  readonly address: string;
  /** `deferred`: to be tried again later. `refused`: final. */
  readonly status: 'accepted' | 'deferred' | 'refused';
  /** The server's three-digit reply code, or, where the server said nothing, one of the stable words in docs/errors.md. */
  readonly code: string;
  /** The server's own words after the code, or ours where it said nothing. */
  readonly text: string;
}

export interface DeliveryOutcome {
  /** One entry a recipient, in the order given. */
  readonly recipients: readonly RecipientOutcome[];
  /** `unknown`: everything was sent and no answer came, so the server may have taken it. Sending again may duplicate. */
  readonly acceptance: 'known' | 'unknown';
}

/**
 * A way of handing copies to an MTA that answers for each one. Faults of the server as a whole (down, not logged in, no TLS)
 * are thrown as SealdropError with disposition `wait`; what concerns the one copy is in its outcome.
 */
export interface Delivery {
  send(copy: Copy): Promise<DeliveryOutcome>;
  /** Lets what is in flight finish, then takes leave of the server. */
  close(): Promise<void>;
}
