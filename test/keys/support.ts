import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SealdropError } from '../../src/errors.js';
import { KeyDirectory, type KeyDirectoryOptions } from '../../src/keys/key-directory.js';
import { makeTemp } from '../kit/temp.js';

/** A new, empty key directory. */
export function emptyDirectory(): string {
  const directory = join(makeTemp('keys'), 'keys');
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** The directory as the program opens it, but without the passphrases and credentials of whoever runs the tests. */
export function open(directory: string, options: KeyDirectoryOptions = {}): KeyDirectory {
  return new KeyDirectory(directory, { environment: {}, ...options });
}

export function put(directory: string, name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
}

export function faultOf(action: () => unknown): SealdropError {
  try {
    action();
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export function codeOf(action: () => unknown): string {
  return faultOf(action).code;
}

/** A little ahead: some certificates are valid from the moment they are made. */
export const now = new Date(Date.now() + 600_000);
export const DAY_MS = 86_400_000;
