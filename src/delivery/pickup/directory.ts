import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { isVolatile } from '../../disk/volatile.js';
import { SealdropError } from '../../errors.js';
import { type Mount, mountOf } from './mount.js';

export interface PickupPaths {
  /** The directory the MTA reads. */
  readonly directory: string;
  /** Where sealed files are made durable before they are renamed into `directory`: outside it, on its mount. */
  readonly staging: string;
  /** Where the MTA puts what it refuses. */
  readonly bad: string;
  /** Accept tmpfs and ramfs, which lose accepted mail when the power fails. */
  readonly allowVolatile?: boolean | undefined;
}

export interface PickupFacts {
  /** Octets an unprivileged user may still write. */
  readonly freeBytes: number;
  /** True when staging or pickup keeps its files in memory only. */
  readonly volatile: boolean;
}

const PROBE_PREFIX = '.sealdrop-probe-';
const STALE_PROBE_MS = 60_000;

/**
 * Looks at the three directories of a pickup and proves that the one rename everything rests on works between staging and pickup.
 * Throws SealdropError: pickup-layout, volatile-directory (fatal); rename-crosses-mounts and what diskFault makes of a missing,
 * read-only, full or forbidden directory (wait).
 */
export function checkPickup(paths: PickupPaths): PickupFacts {
  const directory = resolved(paths.directory);
  const staging = resolved(paths.staging);
  const bad = resolved(paths.bad);
  checkLayout(directory, staging, bad);
  attempt('read', bad, () => accessSync(bad, constants.R_OK | constants.X_OK));
  const inMemory = [staging, directory].filter(isVolatile);
  if (inMemory[0] !== undefined && paths.allowVolatile !== true) throw volatileDirectory(inMemory[0]);
  checkSameMount(directory, staging);
  for (const path of [staging, directory]) removeStaleProbes(path);
  proveRename(directory, staging);
  return { freeBytes: freeBytes(staging), volatile: inMemory.length > 0 };
}

/** Files in pickup are not all there is: a directory's own blocks, and what others write meanwhile. */
const RESERVE_BYTES = 1 << 20;

/**
 * Tries whether a commit of `sizeBytes` can work now: the rename both ways, and room. For use again and again, after checkPickup.
 * Throws SealdropError (wait): disk-full, rename-crosses-mounts, and what diskFault says.
 */
export function tryPickup({ directory, staging }: Pick<PickupPaths, 'directory' | 'staging'>, sizeBytes: number): void {
  proveRename(directory, staging);
  const free = freeBytes(staging);
  if (free >= sizeBytes + RESERVE_BYTES) return;
  throw new SealdropError('disk-full', `there are ${free} octets free for ${staging}, and ${sizeBytes} are to be written`, {
    disposition: 'wait',
    cure: 'Free space on this file system; sealdrop goes on by itself.',
  });
}

/** Octets that an unprivileged user may still write beneath `path`. Throws as diskFault says. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = attempt('look at', path, () => statfsSync(path));
  return bavail * bsize;
}

function resolved(path: string): string {
  const real = attempt('find', path, () => realpathSync(path));
  // The trailing separator makes stat fail with ENOTDIR on anything but a directory.
  attempt('look at', path, () => statSync(join(real, sep)));
  return real;
}

/** A staging directory inside pickup would show the MTA unfinished files; a shared bad directory would have us deliver refusals again. */
function checkLayout(directory: string, staging: string, bad: string): void {
  let fault: string | undefined;
  if (staging === directory || staging.startsWith(join(directory, sep)))
    fault = `The staging directory ${staging} is inside the pickup directory`;
  else if (bad === directory) fault = `The bad-file directory is the pickup directory ${directory}`;
  else if (bad === staging) fault = `The bad-file directory is the staging directory ${staging}`;
  if (fault === undefined) return;
  throw new SealdropError('pickup-layout', `${fault}.`, {
    disposition: 'fatal',
    cure: 'Use three directories beside each other under one parent, for example pickup, staging and badmail, and name them in the configuration.',
  });
}

/** rename(2): EXDEV also between two mounts of one file system (bind mounts), which an equal st_dev does not show. */
function checkSameMount(directory: string, staging: string): void {
  const [from, to] = [mountOf(staging), mountOf(directory)];
  const devices = [staging, directory].map((path) => attempt('look at', path, () => statSync(path).dev));
  if (devices[0] === devices[1] && from?.id === to?.id) return;
  throw renameCrossesMounts(directory, staging, from, to);
}

/**
 * An empty directory goes from staging into pickup and back: the MTA reads files, so it never sees anything to take. Killed in
 * between, an empty dot-directory is left, which the next check removes.
 */
function proveRename(directory: string, staging: string): void {
  const name = PROBE_PREFIX + randomBytes(8).toString('hex');
  const [home, abroad] = [join(staging, name), join(directory, name)];
  attempt('write in', staging, () => mkdirSync(home, { mode: 0o700 }));
  try {
    renameOrExplain(home, abroad, directory, staging);
    attempt('rename out of', directory, () => renameSync(abroad, home));
  } finally {
    attempt('remove', home, () => rmdirIfThere(home));
  }
}

function renameOrExplain(home: string, abroad: string, directory: string, staging: string): void {
  try {
    renameSync(home, abroad);
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') throw renameCrossesMounts(directory, staging, mountOf(staging), mountOf(directory));
    throw diskFault(error, 'rename into', directory);
  }
}

/**
 * Only old ones: another sealdrop command may be at its own probe just now. What cannot be removed (not empty, not ours) is left:
 * it harms nobody, and mail must not wait for it.
 */
function removeStaleProbes(path: string): void {
  for (const name of attempt('list', path, () => readdirSync(path))) {
    if (!name.startsWith(PROBE_PREFIX)) continue;
    const probe = join(path, name);
    try {
      const found = lstatSync(probe);
      if (found.isDirectory() && Date.now() - found.mtimeMs > STALE_PROBE_MS) rmdirSync(probe);
    } catch {
      // Left behind, see above.
    }
  }
}

function rmdirIfThere(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function attempt<T>(doing: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw diskFault(error, doing, path);
  }
}

function renameCrossesMounts(directory: string, staging: string, from: Mount | undefined, to: Mount | undefined): SealdropError {
  const where = from === undefined || to === undefined ? '' : ` (${from.point} and ${to.point})`;
  return new SealdropError(
    'rename-crosses-mounts',
    `Files cannot be renamed from ${staging} into ${directory}: they are on different mounts${where}.`,
    {
      disposition: 'wait',
      cure:
        'Put staging and pickup under one parent directory and mount, share or allow that parent once: a bind mount, a container volume or ' +
        'a ReadWritePaths= entry for each of the two makes them separate mounts even on one disk.',
    },
  );
}

function volatileDirectory(path: string): SealdropError {
  return new SealdropError(
    'volatile-directory',
    `${path} is on a file system that lives in memory, so accepted mail would be lost with the power.`,
    {
      disposition: 'fatal',
      cure: 'Move the directory to a disk, or set "allowVolatile: true" if losing mail on a power failure is acceptable.',
    },
  );
}
