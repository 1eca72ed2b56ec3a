import { SealdropError } from '../errors.js';
import { matchesAddress } from './address-pattern.js';

/** One line of the configuration's `senders` map: who on this machine may send as the addresses the pattern matches. */
export interface SenderBinding {
  readonly pattern: string;
  /** Names of unix users or groups, or numeric user ids as text. */
  readonly allowed: readonly string[];
}

/**
 * Holds the visible From against the submitter, known by the user name, uid and group names in `submitter`. The first
 * binding whose pattern matches decides; an address that none matches may be used by nobody.
 * Throws `sender-not-allowed` (quarantine).
 */
export function checkSender(from: string, submitter: readonly string[], bindings: readonly SenderBinding[]): void {
  const binding = bindings.find(({ pattern }) => matchesAddress(pattern, from));
  if (binding?.allowed.some((name) => submitter.includes(name))) return;
  const reason =
    binding === undefined ? 'no line of senders covers this address' : `senders allows ${binding.pattern} to ${binding.allowed.join(', ')}`;
  throw new SealdropError('sender-not-allowed', `${submitter[0] ?? 'an unknown user'} may not send as ${from}: ${reason}`, {
    disposition: 'quarantine',
    cure: `If this program may use the address, add its user or group under senders in the configuration, then run "sealdrop queue retry".`,
  });
}
