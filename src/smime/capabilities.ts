import type { ContentCipher } from './algorithms.js';

/** What a mailbox owner's client says it decrypts (RFC 8551 §2.5.2), in the owner's order, each once. */
export interface Capabilities {
  /** Content ciphers that are written here. */
  readonly ciphers: readonly ContentCipher[];
  /** Object identifiers of everything else that was announced, in dotted form. */
  readonly others: readonly string[];
}

/** Capabilities learnt from verified mail. Plain JSON: they are kept in a file. */
export interface LearntCapabilities extends Capabilities {
  /** SHA-256 of the certificate they hold for, lower-case hex: with another certificate there may come another client. */
  readonly fingerprint: string;
  /** When the owner signed them; ISO 8601 in UTC. */
  readonly signingTime: string;
}
