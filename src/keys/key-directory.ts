import { SealdropError } from '../errors.js';
import { addressKey } from '../message/address.js';
import type { ContentCipher } from '../smime/algorithms.js';
import type { AddressFiles, DirectoryIndex } from './directory-index.js';
import { type DirectoryListing, lookAgain } from './directory-listing.js';
import { EntryCache, type EntrySource } from './entry-cache.js';
import { isYoung, stampsOf } from './file-stamps.js';
import { type Identity, loadIdentity } from './identity.js';
import { entriesOf, type KeyEntry } from './key-entry.js';
import { type Loaded, perhapsPassing } from './loaded.js';
import { missingCertificate, missingIdentity } from './missing.js';
import { type KeyWorld, passphrasePlaces } from './passphrase.js';
import { loadRecipient, type RecipientCertificate } from './recipient.js';
import { timeFault } from './suitability.js';

export type { Identity, KeyEntry, RecipientCertificate };

export interface KeyDirectoryOptions {
  /** Where passphrases are looked for; the process's own by default. */
  readonly environment?: NodeJS.ProcessEnv;
  /** `$CREDENTIALS_DIRECTORY` of the environment by default. */
  readonly credentialsDirectory?: string;
  /** The user that files with secrets may belong to besides root; the effective user by default. */
  readonly uid?: number;
  /** How many parsed identities, and how many recipient certificates, are kept at most. */
  readonly maxEntries?: number;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** What an identity's signatures announce that its owner's client decrypts, by address; undefined: the usual. */
  readonly announced?: (address: string) => readonly ContentCipher[] | undefined;
}

/**
 * The directory of identities and recipient certificates, each under the address it is for:
 * `<address>.p12` or `.pfx`; `<address>.pem` (private key) with the certificate in the same file or in `<address>.crt`; `<address>.pass`
 * (passphrase). A lone `<address>.crt` or `.cer` is a recipient's certificate; beside a `.p12` it is the certificate mail for that address is
 * encrypted to, and gives the identity its chain. Where several files could serve, the order is p12, pfx, pem and crt, cer; the others are
 * reported as ignored. `<address>.capabilities.json` holds what was learnt of a recipient's client; without it nothing is known.
 *
 * What is in the directory takes effect at the next `refresh`. Between two calls nothing changes under those who use it.
 */
export class KeyDirectory {
  readonly directory: string;
  readonly #world: KeyWorld;
  readonly #clock: () => number;
  readonly #announced: NonNullable<KeyDirectoryOptions['announced']>;
  readonly #identities: EntryCache<Kept<Identity>>;
  readonly #recipients: EntryCache<Kept<RecipientCertificate>>;
  #generation = 0;
  #listing: DirectoryListing | undefined;

  constructor(directory: string, options: KeyDirectoryOptions = {}) {
    const environment = options.environment ?? process.env;
    this.directory = directory;
    this.#clock = options.clock ?? Date.now;
    this.#announced = options.announced ?? (() => undefined);
    this.#world = {
      environment,
      credentialsDirectory: options.credentialsDirectory ?? environment.CREDENTIALS_DIRECTORY,
      uid: options.uid ?? process.geteuid?.(),
    };
    this.#identities = new EntryCache(options.maxEntries ?? MAX_ENTRIES, this.#clock);
    this.#recipients = new EntryCache(options.maxEntries ?? MAX_ENTRIES, this.#clock);
  }

  /**
   * Looks whether anything changed: one stat of the directory, and at their next use one stat of each file in use.
   * Throws keys-unreadable, keys-directory-permissions (wait).
   */
  refresh(): void {
    this.#generation += 1;
    const before = this.#listing;
    // Should looking fail, nothing of before is used any more.
    this.#listing = undefined;
    this.#listing = lookAgain(this.directory, before, this.#clock);
  }

  /**
   * The identity that signs for an address at the time `now`.
   * Throws missing-identity, or what is wrong with its files (quarantine; retry while they are being written); keys-unreadable (wait).
   */
  identity(address: string, now: Date): Identity {
    const key = addressKey(address);
    const index = this.#index();
    const kept = this.#identities.get(key, this.#generation, () => {
      const files = index.filesOf(key);
      const keyFile = files?.keyFile;
      if (files === undefined || keyFile === undefined) throw missingIdentity(key, this.directory, index.namesInOtherCase(key));
      return this.#source(files, () => loadIdentity(keyFile, files, this.#world, this.#announced(key)));
    });
    return usable(kept, key, now);
  }

  /**
   * The certificate that mail for an address is encrypted to at the time `now`.
   * Throws missing-certificate, or what is wrong with its files (quarantine; retry while they are being written); keys-unreadable (wait).
   */
  recipient(address: string, now: Date): RecipientCertificate {
    const key = addressKey(address);
    const index = this.#index();
    const kept = this.#recipients.get(key, this.#generation, () => {
      const files = index.filesOf(key);
      const path = files?.certificateFile ?? files?.keyFile;
      if (files === undefined || path === undefined) throw missingCertificate(key, this.directory, index.namesInOtherCase(key));
      return this.#source(files, () => loadRecipient(path, files, this.#world));
    });
    return usable(kept, key, now);
  }

  /** All that is in the directory, usable or with its fault, by address. Reads every file. Throws keys-unreadable, keys-directory-permissions (wait). */
  entries(now: Date = new Date()): KeyEntry[] {
    const index = this.#index();
    return index.addresses().flatMap((address) => {
      const files = index.filesOf(address);
      return files === undefined ? [] : entriesOf(files, this.#world, now);
    });
  }

  /** The files of an address, if it has a key or a certificate. Throws like `entries`. */
  filesOf(address: string): AddressFiles | undefined {
    return this.#index().filesOf(addressKey(address));
  }

  /** Names of files in the directory that stand for no address and are not used. Throws like `entries`. */
  unusedFiles(): readonly string[] {
    return this.#index().unused;
  }

  #index(): DirectoryIndex {
    this.#listing ??= lookAgain(this.directory, undefined, this.#clock);
    return this.#listing.index;
  }

  #source<T>(files: AddressFiles, load: () => Loaded<T>): EntrySource<Kept<T>> {
    const { keyFile, certificateFile, passFile, capabilitiesFile } = files;
    const { credentialFiles } = passphrasePlaces(files, this.#world);
    const paths = [keyFile, certificateFile, passFile, capabilitiesFile, ...credentialFiles].filter((path) => path !== undefined);
    return {
      paths,
      load: () => {
        const loaded = load();
        return keep(isYoung(stampsOf(paths), this.#clock()) ? perhapsPassing(loaded) : loaded);
      },
    };
  }
}

/** An entry costs about 11 KB, nearly all of it OpenSSL's, and 0.6 ms to make again. */
const MAX_ENTRIES = 5000;

/** Of what was loaded only what every use needs: the parsed certificate is as large as all the rest. */
interface Kept<T> {
  readonly result: T | SealdropError;
  readonly validity: { readonly notBefore: Date; readonly notAfter: Date } | undefined;
  readonly path: string;
}

function keep<T>({ result, facts, path }: Loaded<T>): Kept<T> {
  return { result, validity: facts === undefined ? undefined : { notBefore: facts.notBefore, notAfter: facts.notAfter }, path };
}

function usable<T>({ result, validity, path }: Kept<T>, address: string, now: Date): T {
  if (result instanceof SealdropError) throw result;
  const fault = validity === undefined ? undefined : timeFault(validity, now, address, path);
  if (fault !== undefined) throw fault;
  return result;
}
