import { isHash } from '../checkpoint/format.js';

/**
 * A proof: that records were in the audit chain when a checkpoint was signed, without showing any other (docs/checkpoints.md). It holds all that
 * is needed to check it but whom to believe.
 */
export interface Proof {
  /** The message that the records are all about; absent where one record was asked for by its number. */
  readonly id?: string;
  readonly checkpoints: readonly ProofCheckpoint[];
  /** In the order of the chain. */
  readonly records: readonly ProofRecord[];
}

export interface ProofCheckpoint {
  readonly number: number;
  /** The file, DER, in base64. */
  readonly cms: string;
  /** Certificate of who signed it, PEM: the same as in the file, where other programs want it apart. */
  readonly certificate: string;
  /** Its time-stamp token, DER, in base64. */
  readonly timestamp?: string;
}

export interface ProofRecord {
  /** The chain's line, without the line feed. */
  readonly line: string;
  /** The details' line; absent where they were left out or erased. */
  readonly details?: string;
  /** Number of the checkpoint that covers it. */
  readonly checkpoint: number;
  /** Audit path to the checkpoint's root, from the leaf upwards, hexadecimal. */
  readonly path: readonly string[];
}

const format = 'sealdrop-proof';
const version = 1;
/** A message has a few records, or a few hundred when it was retried for days. */
const mostRecords = 10_000;
const longestPath = 64;

export function proofText({ id, checkpoints, records }: Proof): string {
  return `${JSON.stringify({ format, version, id, checkpoints, records }, null, 2)}\n`;
}

/** Reads a proof that anybody may have made. Only its form is judged here. */
export function parseProof(bytes: Buffer): Proof | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { fault: 'it is not JSON' };
  }
  if (!isObject(value) || value.format !== format) return { fault: 'it is no proof made by sealdrop' };
  if (value.version !== version)
    return { fault: `it is of version ${JSON.stringify(value.version)?.slice(0, 20)}, and this program knows version 1` };
  const { id, checkpoints, records } = value;
  const isSound =
    (id === undefined || typeof id === 'string') &&
    isListOf(checkpoints, isProofCheckpoint) &&
    isListOf(records, isProofRecord) &&
    records.length > 0;
  if (!isSound) return { fault: 'it lacks something, or has it in another form' };
  if (records.length > mostRecords || checkpoints.length > mostRecords) return { fault: 'it has more records than any message has' };
  return { ...(id === undefined ? {} : { id }), checkpoints, records };
}

function isProofCheckpoint(value: unknown): value is ProofCheckpoint {
  if (!isObject(value)) return false;
  const { number, cms, certificate, timestamp } = value;
  return (
    Number.isSafeInteger(number) && isBase64(cms) && typeof certificate === 'string' && (timestamp === undefined || isBase64(timestamp))
  );
}

function isProofRecord(value: unknown): value is ProofRecord {
  if (!isObject(value)) return false;
  const { line, details, checkpoint, path } = value;
  return (
    typeof line === 'string' &&
    (details === undefined || typeof details === 'string') &&
    Number.isSafeInteger(checkpoint) &&
    isListOf(path, isHash) &&
    path.length <= longestPath
  );
}

/** Buffer.from would skip what is not base64, and two proofs would read as one. */
function isBase64(value: unknown): value is string {
  return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
