import type { KeyObject } from 'node:crypto';
import type { KeyTransport } from '../algorithms.js';
import type { NistCurve } from '../key-limits.js';

/** A recipient's public key with what of its RecipientInfo is known beforehand. */
export type RecipientKey = TransportKey | AgreementKey;

/** RSA: the whole KeyTransRecipientInfo up to the encrypted key, for each padding. */
export interface TransportKey {
  readonly kind: 'rsa';
  readonly publicKey: KeyObject;
  readonly heads: Readonly<Record<KeyTransport, Buffer>>;
}

/** Diffie-Hellman on a curve. */
export interface AgreementKey {
  readonly kind: 'agreement';
  readonly group: NistCurve | 'x25519';
  readonly publicKey: KeyObject;
  /** Its point, see publicPoint. */
  readonly point: Buffer;
  readonly issuerAndSerial: Buffer;
}
