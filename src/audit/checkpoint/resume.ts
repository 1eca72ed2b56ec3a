import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { chainName, segments } from '../files.js';
import type { ChainPosition } from '../follow.js';
import { rawLinesOf } from '../lines.js';
import { leafHash, MerkleTree } from '../merkle.js';
import { firstPrev, parseChainLine } from '../record.js';
import { checkpointNames, checkpointPath } from './files.js';
import type { Checkpoint } from './format.js';
import { type CheckpointTrust, fileIfThere, maxCheckpointBytes, readCheckpoint, sha256Of, signerFault } from './read.js';

/** Where making checkpoints goes on: the tree over all durable records, and the last checkpoint. */
export interface Resumed {
  readonly tree: MerkleTree;
  readonly at: ChainPosition;
  /** Number of the last checkpoint, 0 if there is none, and what the next one says of it. */
  readonly number: number;
  readonly previous: string;
  /** Records that the last checkpoint covers. */
  readonly records: number;
  /** The last one, if it is sound: its time tells when the next one is due. */
  readonly last: Checkpoint | undefined;
  /** A crash came between its file and its record: the record is to be written now. */
  readonly unrecorded: { readonly number: number; readonly sha256: string; readonly records: number } | undefined;
  /** The newest checkpoint could not be gone on from, and the whole chain was read. `audit verify` says the same, as findings. */
  readonly fault: string | undefined;
}

/**
 * Rebuilds the tree at the start: from the newest checkpoint and the lines since, or, where there is none or it is not sound, from the whole
 * chain, read once. `end` is the last record of the chain, whose tail has been repaired. Throws `audit-behind-checkpoint` (fatal) if a
 * checkpoint that we signed covers what the chain does not have: records that counted are gone or changed.
 */
export function resume(directory: string, end: { seq: number; hash: string }, trust: CheckpointTrust): Resumed {
  const newest = newestCheckpoint(directory, trust);
  const { checkpoint } = newest;
  if (checkpoint !== undefined && !isInChain(directory, checkpoint)) throw behind(directory, checkpoint, end.seq);
  const frontier = checkpoint?.frontier.map((hash) => Buffer.from(hash, 'hex')) ?? [];
  const tree = new MerkleTree(checkpoint?.records ?? 0, frontier);
  const from = checkpoint === undefined ? undefined : { segment: checkpoint.segment, offset: checkpoint.offset };
  const read = readInto(directory, tree, from);
  if (tree.size !== end.seq) throw broken(directory, tree.size, end.seq);
  const recorded = checkpoint === undefined || read.checkpointRecords > 0;
  return {
    tree,
    at: read.at,
    // Where the checkpoints are gone, the chain still says how many there were: no number is used twice.
    number: Math.max(newest.number, checkpoint === undefined ? read.checkpointRecords : 0),
    previous: newest.sha256,
    records: checkpoint?.records ?? 0,
    last: checkpoint,
    unrecorded: recorded ? undefined : { number: newest.number, sha256: newest.sha256, records: checkpoint.records },
    fault:
      newest.fault ??
      (newest.number === 0 && read.checkpointRecords > 0
        ? `the chain records ${read.checkpointRecords} checkpoints, and none is there`
        : undefined),
  };
}

interface Newest {
  readonly number: number;
  readonly sha256: string;
  readonly checkpoint?: Checkpoint;
  readonly fault?: string;
}

function newestCheckpoint(directory: string, trust: CheckpointTrust): Newest {
  const number = checkpointNames(directory).checkpoints.at(-1);
  if (number === undefined) return { number: 0, sha256: firstPrev };
  const path = checkpointPath(directory, number);
  const bytes = fileIfThere(path, maxCheckpointBytes) ?? Buffer.alloc(0);
  const sha256 = sha256Of(bytes);
  const file = readCheckpoint(bytes);
  if ('fault' in file) return { number, sha256, fault: `${path}: ${file.fault}` };
  const { checkpoint } = file;
  const untrusted = signerFault(file, trust, new Date(checkpoint.time));
  if (untrusted !== undefined) return { number, sha256, fault: `${path}: ${untrusted}` };
  if (checkpoint.number !== number) return { number, sha256, fault: `${path}: it is number ${checkpoint.number}` };
  return { number, sha256, checkpoint };
}

/** Whether the record that the checkpoint ends with ends where it says. Looks at one line; `audit verify` looks at all. */
function isInChain(directory: string, { segment, offset, records, head }: Checkpoint): boolean {
  const parsed = parseChainLine(lineEndingAt(`${directory}/${chainName(segment)}`, offset));
  return parsed.kind === 'record' && parsed.record.seq === records && parsed.record.hash === head;
}

/** A chain line holds no personal data and no list: none comes near this. */
const longestLineBytes = 1 << 16;

function lineEndingAt(path: string, offset: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw diskFault(error, 'open', path);
  }
  try {
    if (fstatSync(descriptor).size < offset) return '';
    const start = Math.max(0, offset - longestLineBytes);
    const piece = Buffer.alloc(offset - start);
    readSync(descriptor, piece, 0, piece.length, start);
    const text = piece.toString('utf8');
    return text.endsWith('\n') ? text.slice(text.lastIndexOf('\n', text.length - 2) + 1, -1) : '';
  } finally {
    closeSync(descriptor);
  }
}

/** Adds every line from `from` on to the tree, and counts the records of checkpoints among them. */
function readInto(directory: string, tree: MerkleTree, from: ChainPosition | undefined): { at: ChainPosition; checkpointRecords: number } {
  let at = from ?? { segment: '', offset: 0 };
  let checkpointRecords = 0;
  for (const segment of segments(directory)) {
    if (from !== undefined && segment < from.segment) continue;
    const start = segment === from?.segment ? from.offset : 0;
    for (const { bytes } of rawLinesOf(`${directory}/${chainName(segment)}`, start)) {
      tree.append(leafHash(bytes));
      if (bytes.includes('"event":"checkpoint"')) checkpointRecords++;
    }
    at = { segment, offset: statSync(`${directory}/${chainName(segment)}`).size };
  }
  return { at, checkpointRecords };
}

function behind(directory: string, { number, records }: Checkpoint, seq: number): SealdropError {
  return new SealdropError(
    'audit-behind-checkpoint',
    `checkpoint ${number} covers ${records} records, and the chain in ${directory}, which ends with record ${seq}, does not have them as they were: records are missing or were changed`,
    {
      disposition: 'fatal',
      cure: `Keep a copy of the audit directory, run "sealdrop audit verify", and restore the chain from a copy. If the records are lost for good, move ${directory}/checkpoints away: sealdrop starts then, and "audit verify" goes on to name what is missing.`,
    },
  );
}

function broken(directory: string, found: number, seq: number): SealdropError {
  return new SealdropError(
    'audit-chain-broken',
    `${directory}: ${found} records are there, and the last one says that it is number ${seq}`,
    {
      disposition: 'fatal',
      cure: 'Keep a copy of the audit directory, run `sealdrop audit verify`, and restore the file from a copy before starting again.',
    },
  );
}
