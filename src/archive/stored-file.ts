import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

/**
 * The bytes of a file that the archive keeps. A link in its place is not followed, lest root hand out what it points to, and a pipe not waited
 * for. Throws SealdropError `archive-unreadable` where there is anything but a regular file, otherwise what diskFault says.
 */
export function readStoredFile(path: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile()) throw noFile(path);
    return readFileSync(descriptor);
  } catch (error) {
    if (error instanceof SealdropError) throw error;
    throw errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENXIO' ? noFile(path) : diskFault(error, 'read', path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function noFile(path: string): SealdropError {
  return new SealdropError('archive-unreadable', `${path} is not a regular file`, {
    disposition: 'fatal',
    cure: 'Somebody put it there: run `sealdrop archive verify`, and take the file from the second location or from a backup.',
  });
}
