import type { Octets } from '../message/octets.js';
import { type SignedEntity, type Signers, type SignOptions, signDetached, signOpaque } from './sign.js';

/** One signed layer of a message: its form, who signs, and how. */
export interface SignedLayer {
  readonly form: 'opaque' | 'detached';
  readonly signers: Signers;
  readonly options: SignOptions;
}

/**
 * Puts a signed layer around an entity. A detached one wants an entity that survives 7-bit relays as it is; what `encrypt` makes does, so that
 * sign, encrypt, sign is a triple wrap (RFC 2634 §1.1) in either form. Around something encrypted, it is encrypted for the digest and once more,
 * to the same octets, as it is written. Throws as signOpaque and signDetached do.
 */
export function signAround(entity: Octets, { form, signers, options }: SignedLayer): SignedEntity {
  return (form === 'opaque' ? signOpaque : signDetached)(entity, signers, options);
}
