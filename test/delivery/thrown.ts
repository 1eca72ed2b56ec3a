import { SealdropError } from '../../src/errors.js';

export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

export function codeOf(action: () => unknown): string {
  const error = thrownBy(action);
  if (error instanceof SealdropError) return error.code;
  throw error;
}

/** The SealdropError a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<SealdropError> {
  const outcome = await promise.then(
    () => new Error('the promise was fulfilled'),
    (error: unknown) => error,
  );
  if (outcome instanceof SealdropError) return outcome;
  throw outcome;
}
