import type { Config } from '../../config/schema.js';
import { checkPickup } from '../../delivery/pickup/directory.js';
import { SealdropError } from '../../errors.js';
import { ensureMarker } from '../../spool/staging-marker.js';

/**
 * Proves that a commit will work before anything is staged, and returns the name of the staging marker; undefined if nothing goes by
 * pickup. `patiently` repeats a step while the directories are not there (I8).
 */
export async function openPickup(config: Config, patiently: <T>(step: () => T) => Promise<T>): Promise<string | undefined> {
  const { pickup } = config.delivery;
  if (pickup === undefined) return undefined;
  const { directory, staging, bad } = pickup;
  await patiently(() => {
    try {
      checkPickup({ directory, staging, bad, allowVolatile: config.allowVolatile });
    } catch (error) {
      // At start a mount that will never fit is a mistake in the set-up, not a fault that passes.
      if (error instanceof SealdropError && error.code === 'rename-crosses-mounts') throw asFatal(error);
      throw error;
    }
  });
  return patiently(() => ensureMarker(staging));
}

function asFatal(error: SealdropError): SealdropError {
  return new SealdropError(error.code, error.message, { disposition: 'fatal', cure: error.cure, cause: error });
}
