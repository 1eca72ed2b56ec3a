import { readdirSync } from 'node:fs';
import { diskFault, errnoOf } from './faults.js';

/** The names in a directory, as they come; none if it is not there. For those that stay small: all are in memory. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskFault(error, 'list', directory);
  }
}
