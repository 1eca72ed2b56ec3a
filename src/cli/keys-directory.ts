import { loadConfig } from '../config/load.js';
import { SealdropError } from '../errors.js';

export interface DirectoryOptions {
  readonly config?: string;
  readonly keys?: string;
}

/** The keys directory that a command was told of. Throws SealdropError: usage, and what loadConfig throws. */
export function directoryOf({ keys, config }: DirectoryOptions): string {
  if (keys !== undefined) return keys;
  if (config !== undefined) return loadConfig(config).keys;
  throw new SealdropError('usage', 'no keys directory is named', { disposition: 'fatal', cure: 'Give -c FILE or --keys DIRECTORY.' });
}
