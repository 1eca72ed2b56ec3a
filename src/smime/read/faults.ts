import { SealdropError } from '../../errors.js';
import { BerError } from '../cms/ber.js';

/** A CMS structure that cannot be read; `what` names it, `why` is the reader's finding. */
export function brokenCms(what: string, why: string): SealdropError {
  return new SealdropError('broken-cms', `${what} cannot be read: ${why}`, {
    disposition: 'quarantine',
    cure: 'Ask the sender for the message again: it was damaged on its way, cut short, or never was sound.',
  });
}

/** Something well formed that is not implemented. */
export function unsupportedCms(what: string): SealdropError {
  return new SealdropError('unsupported-cms', `the message uses ${what}, which is not supported`, {
    disposition: 'quarantine',
    cure: 'Open the message with the program it was made for, or ask the sender to use an algorithm listed in docs/interop.md.',
  });
}

export function noKey(recipients: readonly string[]): SealdropError {
  const named = recipients.slice(0, 5).join('; ');
  const more = recipients.length > 5 ? `; and ${recipients.length - 5} more` : '';
  return new SealdropError('no-key', `no key at hand is a recipient's; the message is encrypted to: ${named}${more}`, {
    disposition: 'quarantine',
    cure: 'Give the private key and certificate of one of the recipients named.',
  });
}

/**
 * The one error of decryption: a wrong key, a bad padding, a failed key unwrap and a failed tag are not told apart, here or in how long they
 * take as far as that can be helped.
 */
export function cannotDecrypt(): SealdropError {
  return new SealdropError(
    'cannot-decrypt',
    'the message does not decrypt: it was altered, or the key is not the one it was encrypted to',
    {
      disposition: 'quarantine',
      cure: 'Check that the key belongs to the certificate the sender used; if it does, ask the sender for the message again.',
    },
  );
}

/** Runs a reader of `what` and words its BerError as broken-cms. */
export function reading<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof BerError) throw brokenCms(what, error.message);
    throw error;
  }
}
