import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SealdropError } from '../../src/errors.js';

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sealdrop-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A file in a directory of its own that is gone after the test; its path. */
export function temporaryFile(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content, { mode });
  return path;
}

/** The SealdropError that `action` throws; fails when it throws none. */
export function errorOf(action: () => unknown): SealdropError {
  try {
    action();
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The part of a configuration every delivery by pickup needs; lines 1 to 5 of a file that begins with it. */
export const PICKUP = `delivery:
  pickup:
    directory: /mta/pickup
    staging: /mta/staging
    bad: /mta/bad
`;
