import { Option } from 'commander';
import { type OpenEntry, openWith } from '../../archive/decrypt.js';
import { keysIn } from '../open-keys.js';

/** Of the commands that read originals. */
export function keyOption(): Option {
  return new Option('--key <file>', 'private key with its certificate (PEM or PKCS#12) that opens an encrypted archive');
}

export const keyHelp = `
A passphrase of the key comes from <key file>.pass or SEALDROP_PASSPHRASE; a
certificate beside the key has the same name and ends in .crt.
`;

export function opener(file: string | undefined): OpenEntry | undefined {
  return file === undefined ? undefined : openWith(keysIn(file));
}
