import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { AddressFiles } from './directory-index.js';

/**
 * What belongs to a key file that lies outside the key directory, by its name: `<name>.crt` or `<name>.cer` (certificate, chain) and
 * `<name>.pass` or `<file>.pass` (passphrase) beside it.
 */
export function filesBeside(path: string): AddressFiles {
  const stem = path.replace(/\.[^./]*$/, '');
  const firstThere = (paths: readonly string[]) => paths.find((each) => each !== path && existsSync(each));
  return {
    address: basename(stem),
    keyFile: path,
    certificateFile: firstThere([`${stem}.crt`, `${stem}.cer`]),
    passFile: firstThere([`${stem}.pass`, `${path}.pass`]),
    capabilitiesFile: undefined,
    stem,
    ignored: [],
  };
}
