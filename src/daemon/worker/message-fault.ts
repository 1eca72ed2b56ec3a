import { SealdropError } from '../../errors.js';

/** An error that is not ours is a defect: the message is held with its reason, others go on, and nothing leaves. */
export function faultOf(error: unknown): SealdropError {
  if (error instanceof SealdropError) {
    if (error.disposition === 'wait' || error.disposition === 'fatal') throw error;
    return error;
  }
  const name =
    error instanceof Error ? `${error.name} at ${error.stack?.split('\n')[1]?.trim() ?? 'an unknown place'}` : 'an unknown error';
  return new SealdropError('internal-error', `sealdrop could not process this message (${name})`, {
    disposition: 'quarantine',
    cure: 'Report this as a defect of sealdrop; the original is kept unchanged.',
    cause: error,
  });
}
