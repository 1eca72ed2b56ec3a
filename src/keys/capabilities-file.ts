import { SealdropError } from '../errors.js';
import { CONTENT_CIPHERS, type ContentCipher } from '../smime/algorithms.js';
import type { LearntCapabilities } from '../smime/capabilities.js';
import { keyFault, shellWord } from './faults.js';
import { readKeyFile } from './key-file.js';
import { octal } from './permissions.js';

/** What follows the address in the file's name. */
export const CAPABILITIES_ENDING = '.capabilities.json';

/** What `<address>.capabilities.json` says, or why it does not count. */
export interface CapabilitiesFound {
  readonly capabilities: LearntCapabilities | undefined;
  readonly capabilitiesFault: SealdropError | undefined;
}

/**
 * Reads what was learnt for the certificate with this fingerprint. A file that is broken, that everybody may change, or that was learnt with
 * another certificate does not count, and is a fault to be told; mail goes on as if nothing were known. Throws keys-unreadable (wait).
 */
export function readCapabilitiesFile(path: string | undefined, fingerprint: string): CapabilitiesFound {
  if (path === undefined) return { capabilities: undefined, capabilitiesFault: undefined };
  try {
    const file = readKeyFile(path, MAX_FILE_BYTES);
    if ((file.mode & 0o002) !== 0) throw worldWritable(path, file.mode);
    const capabilities = parseCapabilities(file.bytes);
    if (capabilities === undefined) throw unusable(path, 'it is not what "sealdrop keys harvest" writes');
    if (capabilities.fingerprint !== fingerprint) throw unusable(path, 'it was learnt with another certificate than the present one');
    return { capabilities, capabilitiesFault: undefined };
  } catch (error) {
    if (!(error instanceof SealdropError) || error.disposition === 'wait') throw error;
    return { capabilities: undefined, capabilitiesFault: error };
  }
}

/** The bytes of such a file. */
export function capabilitiesFileText({ fingerprint, signingTime, ciphers, others }: LearntCapabilities): string {
  return `${JSON.stringify({ version: 1, fingerprint, signingTime, ciphers, others }, null, 2)}\n`;
}

const MAX_FILE_BYTES = 64 * 1024;
const MAX_LISTED = 100;

/** undefined for anything that is not exactly what is written here: half of a list would say that the rest is not read. */
function parseCapabilities(bytes: Buffer): LearntCapabilities | undefined {
  const value = parseJson(bytes);
  if (!isRecord(value) || Object.keys(value).length !== 5 || value.version !== 1) return undefined;
  const { fingerprint, signingTime, ciphers, others } = value;
  if (!isText(fingerprint, /^[0-9a-f]{64}$/) || !isText(signingTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)) return undefined;
  if (Number.isNaN(Date.parse(signingTime)) || !isListOf(ciphers, isCipher) || !isListOf(others, isObjectIdentifier)) return undefined;
  return { fingerprint, signingTime, ciphers, others };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.length <= MAX_LISTED && value.every(isItem) && new Set(value).size === value.length;
}

function isCipher(value: unknown): value is ContentCipher {
  return typeof value === 'string' && Object.hasOwn(CONTENT_CIPHERS, value);
}

function isObjectIdentifier(value: unknown): value is string {
  return isText(value, /^[0-2](?:\.\d{1,160}){1,64}$/);
}

function unusable(path: string, why: string): SealdropError {
  return keyFault('capabilities-unusable', `${path} is ignored: ${why}`, again(path));
}

function worldWritable(path: string, mode: number): SealdropError {
  return keyFault('capabilities-unusable', `${path} is ignored: its mode is ${octal(mode)}, so every user can change it`, again(path));
}

function again(path: string): string {
  return `Remove it (rm ${shellWord(path)}), and learn anew from a signed message: sealdrop keys harvest FILE -c CONFIG --ca CA`;
}
