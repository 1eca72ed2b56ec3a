import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { SealdropError } from '../../errors.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';
import { checkpointNames, checkpointPath, timestampPath } from '../checkpoint/files.js';
import { type CheckpointFile, fileIfThere, maxCheckpointBytes, readCheckpoint } from '../checkpoint/read.js';
import { chainName, dayOf, detailsName, segments } from '../files.js';
import { rawLinesOf } from '../lines.js';
import { leafHash, rootOf } from '../merkle.js';
import { inclusionProofs, rootByInclusion } from '../merkle-proof.js';
import type { Proof, ProofCheckpoint, ProofRecord } from './format.js';

export interface ProveOptions {
  /** Leaves the details out: then no personal data is shown, and what the records are about is not proven. */
  readonly withoutDetails?: boolean;
}

/** A record by its lines, without line feed. */
export interface ProvenLines {
  readonly seq: number;
  readonly line: string;
  /** Undefined: not shown, or erased. */
  readonly details: string | undefined;
}

/**
 * Proves every record of a message. Throws `no-such-record`; `not-covered-yet` (retry) where the newest of them is under no checkpoint;
 * `proof-impossible` where the chain does not fit the checkpoints. Reads the trail from the message's day on.
 */
export function proveMessage(auditDirectory: string, id: string, options: ProveOptions = {}): Proof {
  if (!isMessageId(id)) throw noSuchRecord(`${id} is no message id`);
  const since = dayOf(new Date(timeOfMessageId(id).getTime() - dayMs));
  const wanted = recordsWhere(auditDirectory, since, new RegExp(`^\\{"seq":(\\d+),.*"id":"${id}"`), options);
  if (wanted.length === 0) throw noSuchRecord(`there is no record about ${id} in ${auditDirectory}`);
  return { id, ...proofOf(auditDirectory, wanted) };
}

/** Proves one record by its number. Errors as for `proveMessage`. */
export function proveRecord(auditDirectory: string, seq: number, options: ProveOptions = {}): Proof {
  const wanted = recordsWhere(auditDirectory, segmentOf(auditDirectory, seq), new RegExp(`^\\{"seq":(${seq}),`), options, 1);
  if (wanted.length === 0) throw noSuchRecord(`there is no record ${seq} in ${auditDirectory}`);
  return proofOf(auditDirectory, wanted);
}

const dayMs = 86_400_000;

function proofOf(directory: string, wanted: readonly ProvenLines[]): Omit<Proof, 'id'> {
  return new Prover(directory).prove(wanted);
}

/** Trees that are kept: records that are asked for one after the other are mostly under the same few checkpoints. */
const keptStretches = 3;

/** Makes proofs of many messages whose lines are at hand. Memory holds the trees of a few checkpoints. */
export class Prover {
  private readonly directory: string;
  private readonly finder: CheckpointFinder;
  private readonly stretches = new Map<number, Stretch>();

  constructor(directory: string) {
    this.directory = directory;
    this.finder = new CheckpointFinder(directory);
  }

  /** How many records are under checkpoints, from the first; 0: there is none. */
  covered(): number {
    return this.finder.covered();
  }

  /** Errors as for `proveMessage`. */
  prove(wanted: readonly ProvenLines[]): Omit<Proof, 'id'> {
    const checkpoints = new Map<number, ProofCheckpoint>();
    const records: ProofRecord[] = [];
    for (const { seq, line, details } of wanted) {
      const number = this.finder.covering(seq);
      if (number === undefined) throw notCovered(seq);
      const { checkpoint, pathOf } = this.stretch(number);
      checkpoints.set(number, checkpoint);
      const path = pathOf(seq - 1);
      const file = this.finder.read(number);
      const root = rootByInclusion(leafHash(line), seq - 1, file.checkpoint.records, path);
      if (root?.toString('hex') !== file.checkpoint.root) throw impossible(`record ${seq} is not what checkpoint ${number} covers`);
      records.push({
        line,
        ...(details === undefined ? {} : { details }),
        checkpoint: number,
        path: path.map((hash) => hash.toString('hex')),
      });
    }
    return { checkpoints: [...checkpoints.values()], records };
  }

  private stretch(number: number): Stretch {
    const known = this.stretches.get(number);
    if (known !== undefined) return known;
    const [oldest] = this.stretches.keys();
    if (oldest !== undefined && this.stretches.size >= keptStretches) this.stretches.delete(oldest);
    return remembered(this.stretches, number, stretch(this.directory, this.finder, number));
  }
}

function remembered<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value);
  return value;
}

interface Stretch {
  readonly checkpoint: ProofCheckpoint;
  /** The audit path of a leaf, counted from 0. */
  readonly pathOf: (index: number) => Buffer[];
}

/** The tree of a checkpoint as far as it is needed: the frontier of the one before, and the lines since, which alone are read. */
function stretch(directory: string, finder: CheckpointFinder, number: number): Stretch {
  const { checkpoint } = finder.read(number);
  const before = finder.before(number)?.checkpoint;
  const leaves: Buffer[] = [];
  const from = before?.records ?? 0;
  for (const segment of segments(directory)) {
    if (segment < (before?.segment ?? '') || segment > checkpoint.segment) continue;
    const start = segment === before?.segment ? before.offset : 0;
    for (const { bytes, end } of rawLinesOf(`${directory}/${chainName(segment)}`, start)) {
      if (segment === checkpoint.segment && end > checkpoint.offset) break;
      leaves.push(leafHash(bytes));
    }
  }
  const tree = { from, frontier: before?.frontier.map((hash) => Buffer.from(hash, 'hex')) ?? [], leaves };
  if (from + leaves.length !== checkpoint.records)
    throw impossible(`checkpoint ${number} covers ${checkpoint.records} records, and there are ${from + leaves.length}`);
  if (before !== undefined && rootOf(tree.frontier).toString('hex') !== before.root)
    throw impossible(`checkpoint ${before.number} is not sound`);
  return { checkpoint: finder.proofOf(number), pathOf: inclusionProofs(tree) };
}

const keptCheckpoints = 1000;

/** Looks checkpoints up by what they cover, reading as few as it can. */
class CheckpointFinder {
  private readonly directory: string;
  private readonly numbers: readonly number[];
  private readonly known = new Map<number, CheckpointFile & { readonly bytes: Buffer }>();

  constructor(directory: string) {
    this.directory = directory;
    this.numbers = checkpointNames(directory).checkpoints;
  }

  /** The first that covers a record. They cover more and more, so half of them are passed over at each look. */
  covering(seq: number): number | undefined {
    let [low, high] = [0, this.numbers.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.read(this.numbers[middle] ?? 0).checkpoint.records >= seq) high = middle;
      else low = middle + 1;
    }
    return this.numbers[low];
  }

  covered(): number {
    const last = this.numbers.at(-1);
    return last === undefined ? 0 : this.read(last).checkpoint.records;
  }

  before(number: number): CheckpointFile | undefined {
    const previous = this.numbers[this.numbers.indexOf(number) - 1];
    return previous === undefined ? undefined : this.read(previous);
  }

  read(number: number): CheckpointFile & { readonly bytes: Buffer } {
    const known = this.known.get(number);
    if (known !== undefined) return known;
    const path = checkpointPath(this.directory, number);
    const bytes = fileIfThere(path, maxCheckpointBytes) ?? Buffer.alloc(0);
    const file = readCheckpoint(bytes);
    if ('fault' in file) throw impossible(`${path}: ${file.fault}`);
    if (this.known.size >= keptCheckpoints) this.known.clear();
    return remembered(this.known, number, { ...file, bytes });
  }

  proofOf(number: number): ProofCheckpoint {
    const { bytes, signer } = this.read(number);
    const timestamp = fileIfThere(timestampPath(this.directory, number), maxCheckpointBytes);
    return {
      number,
      cms: bytes.toString('base64'),
      certificate: new X509Certificate(signer.der).toString(),
      ...(timestamp === undefined ? {} : { timestamp: timestamp.toString('base64') }),
    };
  }
}

/** Records whose line `pattern` matches (capturing the number), from a segment on, with the lines of their details; at most `most`. */
function recordsWhere(
  directory: string,
  since: string,
  pattern: RegExp,
  { withoutDetails = false }: ProveOptions,
  most = Number.POSITIVE_INFINITY,
): ProvenLines[] {
  const wanted: ProvenLines[] = [];
  for (const segment of segments(directory)) {
    if (segment < since || wanted.length >= most) continue;
    const found = new Map<number, string>();
    for (const { bytes, complete } of rawLinesOf(`${directory}/${chainName(segment)}`)) {
      const line = bytes.toString('utf8');
      const seq = complete ? pattern.exec(line)?.[1] : undefined;
      if (seq !== undefined) found.set(Number(seq), line);
      if (found.size >= most) break;
    }
    const details = withoutDetails ? new Map<number, string>() : detailsOf(directory, segment, found);
    for (const [seq, line] of found) wanted.push({ seq, line, details: details.get(seq) });
  }
  return wanted;
}

function detailsOf(directory: string, segment: string, wanted: ReadonlyMap<number, string>): Map<number, string> {
  const path = `${directory}/${detailsName(segment)}`;
  const found = new Map<number, string>();
  if (wanted.size === 0 || !existsSync(path)) return found;
  for (const { bytes } of rawLinesOf(path)) {
    const seq = Number(/^\{"seq":(\d+),/.exec(bytes.toString('latin1', 0, 40))?.[1]);
    if (wanted.has(seq)) {
      const line = bytes.toString('utf8');
      if (!line.endsWith(',"erased":true}')) found.set(seq, line);
    }
    if (found.size === wanted.size) break;
  }
  return found;
}

/** The segment a record is in: the last one that begins with it or with an earlier one. */
function segmentOf(directory: string, seq: number): string {
  const all = segments(directory);
  let found = all[0] ?? '';
  for (const segment of all) {
    for (const { bytes } of rawLinesOf(`${directory}/${chainName(segment)}`)) {
      if (Number(/^\{"seq":(\d+),/.exec(bytes.toString('latin1', 0, 40))?.[1]) > seq) return found;
      found = segment;
      break;
    }
  }
  return found;
}

function noSuchRecord(message: string): SealdropError {
  return new SealdropError('no-such-record', message, {
    disposition: 'quarantine',
    cure: 'List what there is with "sealdrop audit list".',
  });
}

function notCovered(seq: number): SealdropError {
  return new SealdropError('not-covered-yet', `record ${seq} is under no checkpoint yet`, {
    disposition: 'retry',
    cure: 'A running daemon makes a checkpoint at least every audit.checkpointMaxAge, and one at its end: start it, or try again later.',
  });
}

function impossible(why: string): SealdropError {
  return new SealdropError('proof-impossible', `no proof can be made: ${why}`, {
    disposition: 'quarantine',
    cure: 'Run "sealdrop audit verify"; it names what was changed.',
  });
}
