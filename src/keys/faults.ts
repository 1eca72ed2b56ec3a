import { SealdropError } from '../errors.js';

/** A fault in a key or certificate: it needs a person, and concerns only the messages that need this file. */
export function keyFault(code: string, message: string, cure: string, cause?: unknown): SealdropError {
  return new SealdropError(code, message, { disposition: 'quarantine', cure, cause });
}

/** The file was read but its bytes are not what its name promises. */
export function damaged(path: string, what: string, cause?: unknown): SealdropError {
  return keyFault('key-file-damaged', `${path}: ${what}`, `Put an undamaged copy of ${path} in its place.`, cause);
}

/** The file is sound but made with something that cannot be read here. */
export function unsupported(path: string, what: string, cure: string, cause?: unknown): SealdropError {
  return keyFault('key-file-unsupported', `${path}: ${what}`, cure, cause);
}

/** A path as one word of a shell command, quoted only when it must be. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
