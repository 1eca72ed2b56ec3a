import { X509Certificate } from 'node:crypto';
import { checkpointNames, checkpointPath, timestampPath } from '../checkpoint/files.js';
import { type CheckpointFile, fileIfThere, maxCheckpointBytes, readCheckpoint } from '../checkpoint/read.js';
import type { ProofCheckpoint } from './format.js';
import { proofImpossible } from './impossible.js';

const keptCheckpoints = 1000;

/** Looks checkpoints up by what they cover, reading as few as it can. */
export class CheckpointFinder {
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
    if ('fault' in file) throw proofImpossible(`${path}: ${file.fault}`);
    if (this.known.size >= keptCheckpoints) this.known.clear();
    const found = { ...file, bytes };
    this.known.set(number, found);
    return found;
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
