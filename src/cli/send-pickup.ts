import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { checkPickup } from '../delivery/pickup-directory.js';
import { checkPickupMessage, pickupHead } from '../delivery/pickup-file.js';
import { removeIfThere, rename, syncDirectory } from '../disk/durable.js';
import { SealdropError } from '../errors.js';
import { copyName } from '../spool/layout.js';
import { stageCopy } from '../spool/stage.js';
import { print } from './output.js';
import type { HandSealed } from './send-seal.js';

/**
 * Writes every copy into staging, durably, and only then renames them into pickup: the MTA sees whole files only. Without a spool there is
 * no record: killed between two renames, some copies have gone and the others lie in staging.
 */
export function sendByPickup({ id, sender, copies }: HandSealed, config: Config): number {
  const { pickup } = config.delivery;
  if (pickup === undefined)
    throw new SealdropError('config-invalid', 'the configuration has no delivery.pickup', {
      disposition: 'fatal',
      cure: 'Add delivery.pickup with directory, staging and bad.',
    });
  checkPickup({ directory: pickup.directory, staging: pickup.staging, bad: pickup.bad, allowVolatile: config.allowVolatile });
  const staged: string[] = [];
  try {
    copies.forEach(({ recipients, seal, job, virtualMta, dkimOptions }, index) => {
      const message = seal();
      checkPickupMessage(message);
      const head = pickupHead({ profile: 'powermta', sender, recipients, envid: id, job, virtualMta, dkimOptions });
      staged.push(stageCopy(pickup.staging, copyName(id, index + 1), [head, message]).name);
    });
    syncDirectory(pickup.staging);
  } catch (error) {
    for (const name of staged) removeIfThere(`${pickup.staging}/${name}`);
    throw error;
  }
  for (const name of staged) {
    rename(`${pickup.staging}/${name}`, `${pickup.directory}/${name}`);
    print(`${pickup.directory}/${name}`);
  }
  syncDirectory(pickup.directory);
  return exitCodes.ok;
}
