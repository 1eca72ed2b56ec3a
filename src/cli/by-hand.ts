import { SealdropError } from '../errors.js';

/** Cures are worded for the daemon, which keeps the message and goes on by itself; a command that was given one message does neither. */
export function wordedByHand(error: unknown): unknown {
  if (!(error instanceof SealdropError)) return error;
  const { code, message, disposition, cause } = error;
  return new SealdropError(code, message, { disposition, cure: cureByHand(error.cure), cause });
}

export function cureByHand(cure: string): string {
  return cure
    .replace(/[,;] then run "sealdrop queue retry"/, ', then try again')
    .replace(/[;.] (?:Mail waits and|sealdrop) goes on by itself\./i, '; then try again.');
}
