import { readFileSync } from 'node:fs';
import { errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

/** The bytes of a message file; `-` is standard input. */
export function readMessageFile(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new SealdropError('file-unreadable', `${file} cannot be read: ${errnoOf(error) ?? 'error'}`, {
      disposition: 'fatal',
      cure: 'Name a file that exists and that you may read, or - for standard input.',
      cause: error,
    });
  }
}

/** Writes all bytes to standard output and waits until they are taken. */
export function writeOut(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
