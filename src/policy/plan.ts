import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from '../smime/algorithms.js';
import type { HeaderForm } from '../smime/header-protection/form.js';
import type { Way } from '../way.js';
import type { CopyTransport } from './transport.js';

/** Who gets which copy of a message, sealed how, sent which way. Plain JSON: it is written to disk and never decided again. */
export interface Plan {
  version: 1;
  /** Envelope sender (RFC 5321); '' is the null sender. */
  sender: string;
  /** Address of the identity that signs. */
  from: string;
  /** All addresses in the visible From, where there are several; absent where `from` is the only one. */
  authors?: readonly string[];
  copies: CopyPlan[];
  /** One for every envelope recipient, in the envelope's order. */
  decisions: RecipientDecision[];
  /** Lower-case names of the submitted control headers that no copy carries. */
  dropped: string[];
}

/** What the archive keeps of what was sealed, beside the original: the signature, each sealed copy as it was handed over, or neither. */
export type KeepSealed = 'signature' | 'full' | 'none';

export interface CopyPlan {
  /** From 1. */
  number: number;
  /** Envelope recipients of this copy. */
  recipients: string[];
  /** None of its recipients stands in the message's To or Cc. */
  blind: boolean;
  /** Name of the rule that decided; null: the defaults. */
  rule: string | null;
  via: Way;
  sign: 'opaque' | 'detached' | 'none';
  /** The signature around the encryption, where there is one (triple wrap, RFC 2634 §1.1). */
  outerSign?: 'opaque' | 'detached';
  /** Every key of the identity signs; absent when one does. */
  signWith?: 'allKeys';
  /** The copy leaves with the signature, or encrypted as, the message came; absent when all of its protection is ours. */
  passed?: 'signed' | 'encrypted';
  signature: SignatureScheme;
  digest: DigestName;
  /** SHA-256 fingerprints of the certificates, hex, in the order of `encryptAddresses`; empty: the copy is not encrypted. */
  encryptTo: string[];
  encryptAddresses: string[];
  content: ContentCipher;
  /** A sentence for people; of encrypted copies. Plans recorded before it was said lack it. */
  contentWhy?: string;
  keyTransport: KeyTransport;
  /** What the archive keeps of this copy; absent: its signature. */
  keepSealed?: Exclude<KeepSealed, 'signature'>;
  /** How the header is protected; null or missing: it is not. */
  header?: HeaderForm | null;
  transport: CopyTransport;
}

export interface RecipientDecision {
  address: string;
  visible: boolean;
  rule: string | null;
  encrypt: boolean;
  /** A sentence for people. */
  why: string;
}
