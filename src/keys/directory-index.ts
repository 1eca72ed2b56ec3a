import { readdirSync } from 'node:fs';
import { addressKey, parseAddress } from '../message/address.js';
import { CAPABILITIES_ENDING } from './capabilities-file.js';

/** The files of one address, as paths. */
export interface AddressFiles {
  /** The address as an addressKey. */
  readonly address: string;
  /** The identity's file: `.p12` before `.pfx` before `.pem`. */
  readonly keyFile: string | undefined;
  /** `.crt` before `.cer`. */
  readonly certificateFile: string | undefined;
  readonly passFile: string | undefined;
  /** `<address>.capabilities.json`. */
  readonly capabilitiesFile: string | undefined;
  /** Path without extension: of the key file, else of the certificate file. */
  readonly stem: string;
  /** Files of this address that are not read, since another takes precedence. */
  readonly ignored: readonly string[];
}

/** Where another file of the same address is to be put. */
export function fileBeside(files: Pick<AddressFiles, 'stem'>, extension: string): string {
  return `${files.stem}.${extension}`;
}

/**
 * The key directory's names by address. A name is `<address>.<extension>`; the local part counts exactly, the domain in any case and, for
 * international domains, in either spelling (RFC 5321 §2.4, RFC 5890). Nothing is opened: 100,000 names take about a tenth of a second.
 */
export class DirectoryIndex {
  readonly #directory: string;
  readonly #names: ReadonlyMap<string, readonly string[]>;
  /** Names that stand for no address, in byte order; dot-files are not counted. */
  readonly unused: readonly string[];
  #byFoldedCase: Map<string, string[]> | undefined;

  constructor(directory: string, names: ReadonlyMap<string, readonly string[]>, unused: readonly string[]) {
    this.#directory = directory;
    this.#names = names;
    this.unused = unused;
  }

  /** Every address that has a key or certificate file, in order. */
  addresses(): string[] {
    return [...this.#names.keys()].sort();
  }

  filesOf(address: string): AddressFiles | undefined {
    const names = this.#names.get(address);
    return names === undefined ? undefined : inPrecedence(this.#directory, address, names);
  }

  /** Names that would be this address's if upper and lower case of the local part did not count. */
  namesInOtherCase(address: string): readonly string[] {
    this.#byFoldedCase ??= foldCase(this.#names);
    return this.#byFoldedCase.get(address.toLowerCase()) ?? [];
  }
}

/** Reads the names. Throws the system's error. */
export function readDirectoryIndex(directory: string): DirectoryIndex {
  const names = new Map<string, string[]>();
  const unused: string[] = [];
  for (const name of readdirSync(directory)) {
    if (name.startsWith('.')) continue;
    const address = addressOf(name);
    if (address === undefined) unused.push(name);
    else pushTo(names, address, name);
  }
  for (const [address, own] of names) {
    if (!own.every((name) => ADDITIONS.has(extensionOf(name)))) continue;
    names.delete(address);
    unused.push(...own);
  }
  return new DirectoryIndex(directory, names, unused.sort());
}

const KEY_EXTENSIONS: readonly string[] = ['p12', 'pfx', 'pem'];
const CERTIFICATE_EXTENSIONS: readonly string[] = ['crt', 'cer'];
const CAPABILITIES_EXTENSION = CAPABILITIES_ENDING.slice(1);
/** What is of use only beside a key or a certificate. */
const ADDITIONS: ReadonlySet<string> = new Set(['pass', CAPABILITIES_EXTENSION]);
const EXTENSIONS: ReadonlySet<string> = new Set([...KEY_EXTENSIONS, ...CERTIFICATE_EXTENSIONS, ...ADDITIONS]);

/** An address that parseAddress and addressKey would give back unchanged: the common case, without their cost. */
const PLAIN = /^[\w!#$%&'*+/=?^`{|}~-]{1,64}(?:\.[\w!#$%&'*+/=?^`{|}~-]{1,64})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]+$/;

function addressOf(name: string): string | undefined {
  if (!EXTENSIONS.has(extensionOf(name))) return undefined;
  const stem = stemOf(name);
  if (stem.length <= 64 && !stem.includes('xn--') && PLAIN.test(stem)) return stem;
  const address = parseAddress(stem);
  return address === undefined ? undefined : addressKey(address);
}

function extensionOf(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return extension === 'json' && name.toLowerCase().endsWith(CAPABILITIES_ENDING) ? CAPABILITIES_EXTENSION : extension;
}

function stemOf(name: string): string {
  return name.slice(0, name.length - extensionOf(name).length - 1);
}

/** Several names of one kind (`.crt` and `.cer`, or two spellings of a domain): the extension's order, then the normal spelling, then byte order. */
function inPrecedence(directory: string, address: string, names: readonly string[]): AddressFiles {
  const of = (extensions: readonly string[]): string[] =>
    names
      .filter((name) => extensions.includes(extensionOf(name)))
      .sort((one, other) => rank(one, extensions, address) - rank(other, extensions, address) || (one < other ? -1 : 1))
      .map((name) => `${directory}/${name}`);
  const [keyFile, ...otherKeyFiles] = of(KEY_EXTENSIONS);
  const [certificateFile, ...otherCertificates] = of(CERTIFICATE_EXTENSIONS);
  const [passFile, ...otherPassFiles] = of(['pass']);
  const [capabilitiesFile, ...otherCapabilities] = of([CAPABILITIES_EXTENSION]);
  return {
    address,
    keyFile,
    certificateFile,
    passFile,
    capabilitiesFile,
    stem: stemOf(keyFile ?? certificateFile ?? `${directory}/${address}.`),
    ignored: [...otherKeyFiles, ...otherCertificates, ...otherPassFiles, ...otherCapabilities],
  };
}

function rank(name: string, extensions: readonly string[], address: string): number {
  return extensions.indexOf(extensionOf(name)) * 2 + (stemOf(name) === address ? 0 : 1);
}

function foldCase(names: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const folded = new Map<string, string[]>();
  for (const [address, own] of names) {
    for (const name of own) pushTo(folded, address.toLowerCase(), name);
  }
  return folded;
}

function pushTo(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
