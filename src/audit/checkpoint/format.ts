import { frontierLength, hashBytes, rootOf } from '../merkle.js';

/** What a checkpoint says, as the signed JSON says it (docs/checkpoints.md). */
export interface Checkpoint {
  /** 1, 2, 3, … without gaps. */
  readonly number: number;
  readonly time: string;
  /** Size of the tree: the records 1 to this one. */
  readonly records: number;
  /** `hash` of the last of them, hexadecimal. */
  readonly head: string;
  /** Root of the Merkle tree over their lines, hexadecimal. */
  readonly root: string;
  /** Hashes of the tree's perfect subtrees, largest first, hexadecimal. They fold to the root. */
  readonly frontier: readonly string[];
  /** SHA-256 of the file of the checkpoint before, hexadecimal; 64 zeros in the first. */
  readonly previous: string;
  /** Where the last of the records ends: a hint for readers, who see by `head` whether it is right. */
  readonly segment: string;
  readonly offset: number;
}

const version = 1;

/** The bytes that are signed. */
export function checkpointContent(checkpoint: Checkpoint): Buffer {
  const { number, time, records, head, root, frontier, previous, segment, offset } = checkpoint;
  return Buffer.from(JSON.stringify({ version, number, time, records, head, root, frontier, previous, segment, offset }), 'utf8');
}

/** Reads signed bytes; what is not exactly a checkpoint, or does not fold to its root, is a fault. */
export function parseCheckpoint(content: Buffer): Checkpoint | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    return { fault: 'its content is not JSON' };
  }
  if (!isObject(value)) return { fault: 'its content is no checkpoint' };
  if (value.version !== version) return { fault: `it is of version ${JSON.stringify(value.version)}, and this program knows version 1` };
  if (!isCheckpoint(value)) return { fault: 'its content is no checkpoint' };
  const frontier = value.frontier.map((hash) => Buffer.from(hash, 'hex'));
  if (frontier.length !== frontierLength(value.records)) return { fault: 'its frontier is not that of a tree of its size' };
  if (rootOf(frontier).toString('hex') !== value.root) return { fault: 'its frontier does not fold to its root' };
  const { number, time, records, head, root, previous, segment, offset } = value;
  return { number, time, records, head, root, frontier: value.frontier, previous, segment, offset };
}

function isCheckpoint(value: Record<string, unknown>): value is Record<string, unknown> & Checkpoint {
  const { number, time, records, head, root, frontier, previous, segment, offset } = value;
  return (
    isCount(number, 1) &&
    isCount(records, 1) &&
    isCount(offset, 0) &&
    typeof time === 'string' &&
    isTime(time) &&
    [head, root, previous].every(isHash) &&
    Array.isArray(frontier) &&
    frontier.every(isHash) &&
    typeof segment === 'string' &&
    // It becomes part of a path.
    /^\d{4}-\d\d-\d\d(\.\d{1,9})?$/.test(segment)
  );
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && value.length === 2 * hashBytes && /^[0-9a-f]*$/.test(value);
}

function isTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
