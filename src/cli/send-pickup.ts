import { chownSync, statSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import type { SealedMessage } from '../daemon/worker/sealer.js';
import { checkPickup } from '../delivery/pickup/directory.js';
import { removeIfThere, rename, syncDirectory } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { copyName } from '../spool/layout.js';
import { stageCopy } from '../spool/stage.js';

/**
 * Hands all copies to the MTA's pickup directory, as the daemon does: every copy is whole and durable in staging before the first is
 * renamed into pickup, which never shows a partial file. Killed before a rename: the copy is left in staging, where the MTA does not look
 * and the daemon removes what no record of its names. Returns the paths in pickup.
 */
export function sendByPickup(
  sealed: SealedMessage,
  id: string,
  pickup: NonNullable<Config['delivery']['pickup']>,
  allowVolatile: boolean,
): string[] {
  const { directory, staging, bad } = pickup;
  checkPickup({ directory, staging, bad, allowVolatile });
  const names = stageAll(sealed, id, staging);
  const committed: string[] = [];
  try {
    for (const name of names) {
      rename(`${staging}/${name}`, `${directory}/${name}`);
      committed.push(name);
    }
  } catch (error) {
    for (const name of names) if (!committed.includes(name)) removeIfThere(`${staging}/${name}`);
    throw committed.length === 0 ? error : partly(error, sealed, committed.length);
  } finally {
    syncDirectory(directory);
    syncDirectory(staging);
  }
  return names.map((name) => `${directory}/${name}`);
}

function stageAll(sealed: SealedMessage, id: string, staging: string): string[] {
  const names: string[] = [];
  try {
    for (const { plan, sealed: copy } of sealed.copies) {
      const name = copyName(id, plan.number);
      stageCopy(staging, name, copy);
      names.push(name);
      giveToOwnerOf(staging, `${staging}/${name}`);
    }
    syncDirectory(staging);
    return names;
  } catch (error) {
    for (const name of names) removeIfThere(`${staging}/${name}`);
    throw error;
  }
}

/** What root writes the MTA may not be able to read; what the daemon's user owns there, it reads every day. */
function giveToOwnerOf(staging: string, path: string): void {
  if (process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(staging);
    chownSync(path, uid, gid);
  } catch (error) {
    throw diskFault(error, 'change the owner of', path);
  }
}

function partly(cause: unknown, { plan }: SealedMessage, done: number): SealdropError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const left = plan.copies.slice(done).flatMap(({ recipients }) => recipients);
  return new SealdropError(
    'partly-sent',
    `${done} of ${plan.copies.length} copies are in the pickup directory, the others are not: ${words}`,
    {
      disposition: 'fatal',
      cure: `Mend that, then send again to these recipients only: ${left.join(', ')}.`,
      cause,
    },
  );
}
