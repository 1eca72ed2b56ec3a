import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AddressFiles, fileBeside } from './directory-index.js';
import { keyFault } from './faults.js';
import { readKeyFile } from './key-file.js';
import { requirePrivate } from './permissions.js';

/** A passphrase and, for messages, where it was found. The passphrase itself stands in no message. */
export interface Passphrase {
  readonly text: string;
  readonly from: string;
}

/** Where the passphrase of one address may stand, in the order in which they are tried. */
export interface PassphrasePlaces {
  /** `<address>.pass` in the key directory, when there is one. */
  readonly passFile: string | undefined;
  /** Where that file is to be put, for messages. */
  readonly expectedPassFile: string;
  /** `<address>.pass` in systemd's credentials directory (systemd.exec(5), LoadCredential=), whether there or not. */
  readonly credentialFiles: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** The variable for this address alone, then the general one. */
  readonly variables: readonly string[];
  /** Who `passFile` may belong to besides root. */
  readonly uid: number | undefined;
}

const GENERAL_VARIABLE = 'SEALDROP_PASSPHRASE';
/** OpenSSL's own limit for a passphrase (PEM_BUFSIZE). */
const MAX_PASSPHRASE_BYTES = 1024;

/** What of the world outside the key directory bears on it. */
export interface KeyWorld {
  readonly environment: NodeJS.ProcessEnv;
  readonly credentialsDirectory: string | undefined;
  /** The user secrets may belong to besides root; undefined where there are no users. */
  readonly uid: number | undefined;
}

export function passphrasePlaces(files: AddressFiles, world: KeyWorld): PassphrasePlaces {
  const { address, passFile } = files;
  const directory = world.credentialsDirectory;
  return {
    passFile,
    expectedPassFile: passFile ?? fileBeside(files, 'pass'),
    // An address may contain a slash; it must not lead out of the directory.
    credentialFiles: directory === undefined || address.includes('/') ? [] : [join(directory, `${address}.pass`)],
    environment: world.environment,
    variables: [passphraseVariable(address), GENERAL_VARIABLE],
    uid: world.uid,
  };
}

/** `alice@example.com` → `SEALDROP_PASSPHRASE_ALICE_EXAMPLE_COM`. */
export function passphraseVariable(address: string): string {
  return `${GENERAL_VARIABLE}_${address.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/**
 * The first passphrase found, or undefined.
 * Throws key-permissions, key-owner, passphrase-unreadable, and what readKeyFile throws.
 */
export function findPassphrase(places: PassphrasePlaces): Passphrase | undefined {
  if (places.passFile !== undefined) return passphraseIn(places.passFile, places.uid);
  // Owner and mode are systemd's there: root's file with an access control list for us, which would look too open.
  for (const path of places.credentialFiles) if (existsSync(path)) return passphraseIn(path, undefined);
  for (const name of places.variables) {
    const text = places.environment[name];
    if (text !== undefined) return { text, from: `environment variable ${name}` };
  }
  return undefined;
}

/** For messages: every place that was looked at. */
export function describePlaces(places: PassphrasePlaces): string {
  return [places.expectedPassFile, ...places.credentialFiles, ...places.variables.map((name) => `$${name}`)].join(', ');
}

function passphraseIn(path: string, uid: number | undefined): Passphrase {
  const file = readKeyFile(path, MAX_PASSPHRASE_BYTES + 2);
  requirePrivate(file, uid);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
    return { text: text.replace(/\r?\n$/, ''), from: path };
  } catch (error) {
    throw keyFault(
      'passphrase-unreadable',
      `the passphrase in ${path} is not UTF-8 text`,
      `Write the passphrase to ${path} as one line of UTF-8.`,
      error,
    );
  }
}
