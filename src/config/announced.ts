import type { KeyDirectoryOptions } from '../keys/key-directory.js';
import { matchesAddress } from '../policy/address-pattern.js';
import type { Config } from './schema.js';

/** What signatures announce, by From address: the first item of `identities` that matches decides. */
export function announcedBy({ identities }: Pick<Config, 'identities'>): NonNullable<KeyDirectoryOptions['announced']> {
  return (address) =>
    identities.find(({ from }) => from === undefined || from.some((pattern) => matchesAddress(pattern, address)))?.capabilities;
}
