import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { syncDirectory, writeNewFile } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

const shape = /^sealdrop-marker\.[0-9a-f]{32}$/;

/**
 * The marker is an empty file with a random name in the staging directory. An intent names it. A staged file that is gone was
 * committed only if the marker is still there: an unmounted, emptied or replaced staging directory has lost it too (I2). It is no
 * dot-file on purpose, so that `rm staging/*` takes it along.
 */
export function ensureMarker(staging: string): string {
  let markers: string[];
  try {
    markers = readdirSync(staging).filter((name) => shape.test(name));
  } catch (error) {
    throw diskFault(error, 'list', staging);
  }
  const [marker] = markers.sort();
  if (marker !== undefined) return marker;
  const name = `sealdrop-marker.${randomBytes(16).toString('hex')}`;
  writeNewFile(`${staging}/${name}`, [], { mode: 0o600 });
  syncDirectory(staging);
  return name;
}

export function hasMarker(staging: string, marker: string): boolean {
  return shape.test(marker) && existsSync(`${staging}/${marker}`);
}

/** Before every intent: committing into a directory that is no longer the one we staged into would lose mail. */
export function requireMarker(staging: string, marker: string): void {
  if (hasMarker(staging, marker)) return;
  try {
    statSync(staging);
  } catch (error) {
    throw diskFault(error, 'look at', staging);
  }
  throw new SealdropError('staging-lost', `the staging directory ${staging} is no longer the one sealdrop started with`, {
    disposition: 'wait',
    cure: 'Mount the right directory again; if staging was emptied on purpose, restart sealdrop.',
  });
}
