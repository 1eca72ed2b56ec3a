import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TMPFS_MAGIC = 0x01021994;

/**
 * A new directory (mode 0700) on a real disk. It goes when `removeTemp` is called or, at the latest, when the vitest run ends: then
 * everything under the run's own directory does.
 */
export function makeTemp(purpose: string): string {
  return mkdtempSync(join(runDirectory(), `${purpose}-`));
}

export function removeTemp(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * The directory of this vitest run, made and removed by test/kit/global-setup.ts. What all test files share (keys, compiled classes)
 * stands directly in it. Without the global setup each test process has one of its own.
 */
export function runDirectory(): string {
  process.env.SEALDROP_TEST_RUN_DIRECTORY ??= makeRunDirectory();
  return process.env.SEALDROP_TEST_RUN_DIRECTORY;
}

/** Others may pass through it: tests with real users reach a site's outbox this way. */
export function makeRunDirectory(): string {
  const directory = mkdtempSync(join(diskBackedBase(), 'sealdrop-test-'));
  chmodSync(directory, 0o711);
  return directory;
}

/** sealdrop refuses a spool on tmpfs (a power cut empties it), and many systems mount /tmp so. */
function diskBackedBase(): string {
  const beside = fileURLToPath(new URL('../../.tools/tmp', import.meta.url));
  const found = [tmpdir(), '/var/tmp'].find(isOnDisk);
  if (found !== undefined) return found;
  mkdirSync(beside, { recursive: true });
  return beside;
}

function isOnDisk(directory: string): boolean {
  try {
    return statfsSync(directory).type !== TMPFS_MAGIC;
  } catch {
    return false;
  }
}
