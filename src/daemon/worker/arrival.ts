import { SealdropError } from '../../errors.js';
import type { KeyDirectory } from '../../keys/key-directory.js';
import type { Canonical } from '../../message/canonical.js';
import type { Arrival } from '../../policy/arrival.js';
import { recogniseProtection } from '../../smime/already-protected.js';
import { type CloseLook, lookClosely } from '../../smime/as-submitted.js';

/** What policy has to know of a message that came signed or encrypted; undefined for ordinary mail. */
export function arrivalOf(message: Canonical, keys: KeyDirectory, now: Date): Arrival | undefined {
  const already = recogniseProtection(message);
  if (already === undefined) return undefined;
  let look: CloseLook | undefined;
  const close = () => {
    look ??= lookClosely(message, already, now);
    return look;
  };
  return {
    already,
    fault: () => close().fault,
    isEncryptedTo: (address) => {
      const certificate = certificateOf(address, keys, now);
      return certificate !== undefined && close().isEncryptedTo(certificate);
    },
  };
}

/** The record of how a message came, in the phrases of its changes: `already-signed smime`. */
export function arrivalNote(message: Canonical): string[] {
  const already = recogniseProtection(message);
  return already === undefined ? [] : [`already-${already.kind} ${already.by}`];
}

/**
 * A signature somebody else made is worth nothing once what it is over was changed. `changes`: all that were made to the message.
 * Throws `signed-part-altered` (quarantine).
 */
export function refuseAltered(changes: readonly string[]): void {
  const altered = changes.filter((change) => change.startsWith('signed-part-altered ')).map((change) => change.split(' ')[1]);
  if (altered.length === 0) return;
  throw new SealdropError(
    'signed-part-altered',
    `Part ${altered.join(', ')} of the message is already signed, and holds what cannot be sent as it stands (8-bit text, over-long lines, binary octets or bare CRs): to change it would break that signature.`,
    {
      disposition: 'quarantine',
      cure: 'Have the program that signs write 7-bit parts (RFC 8551 §3.1.3). Text that is merely 8-bit or has long lines can also be sent by a rule that encrypts it, or with "sign: opaque"; then run "sealdrop queue retry".',
    },
  );
}

function certificateOf(address: string, keys: KeyDirectory, now: Date): Buffer | undefined {
  try {
    return keys.recipient(address, now).certificate;
  } catch (error) {
    if (error instanceof SealdropError) return undefined;
    throw error;
  }
}
