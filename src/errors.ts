/** What an error means for the message it concerns (docs/errors.md). */
export type Disposition = 'wait' | 'retry' | 'quarantine' | 'fatal';

export interface ErrorFacts {
  readonly disposition: Disposition;
  /** What a person should do about it, as a full sentence. */
  readonly cure: string;
  readonly cause?: unknown;
  /** How long what the error is about is to be left alone, where it said so itself. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The one error class of sealdrop. `message` says what was wrong and with which file or address, `cure` what to do,
 * `code` is stable and documented. No clear text, key, passphrase or password ever stands in any of them.
 */
export class SealdropError extends Error {
  readonly code: string;
  readonly disposition: Disposition;
  readonly cure: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'SealdropError';
    this.code = code;
    this.disposition = facts.disposition;
    this.cure = facts.cure;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** A resource is missing that comes back by itself: the step is to be tried again (I8). */
export function isWait(error: unknown): error is SealdropError {
  return error instanceof SealdropError && error.disposition === 'wait';
}
