import { SealdropError } from '../../errors.js';
import { chainName, segments } from '../files.js';
import { rawLinesOf } from '../lines.js';
import { leafHash, rootOf } from '../merkle.js';
import { inclusionProofs, rootByInclusion } from '../merkle-proof.js';
import { CheckpointFinder } from './checkpoint-finder.js';
import type { Proof, ProofCheckpoint, ProofRecord } from './format.js';
import { proofImpossible } from './impossible.js';

/** A record by its lines, without line feed. */
export interface ProvenLines {
  readonly seq: number;
  readonly line: string;
  /** Undefined: not shown, or erased. */
  readonly details: string | undefined;
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
      if (root?.toString('hex') !== file.checkpoint.root) throw proofImpossible(`record ${seq} is not what checkpoint ${number} covers`);
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
    const made = stretch(this.directory, this.finder, number);
    this.stretches.set(number, made);
    return made;
  }
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
    throw proofImpossible(`checkpoint ${number} covers ${checkpoint.records} records, and there are ${from + leaves.length}`);
  if (before !== undefined && rootOf(tree.frontier).toString('hex') !== before.root)
    throw proofImpossible(`checkpoint ${before.number} is not sound`);
  return { checkpoint: finder.proofOf(number), pathOf: inclusionProofs(tree) };
}

function notCovered(seq: number): SealdropError {
  return new SealdropError('not-covered-yet', `record ${seq} is under no checkpoint yet`, {
    disposition: 'retry',
    cure: 'A running daemon makes a checkpoint at least every audit.checkpointMaxAge, and one at its end: start it, or try again later.',
  });
}
