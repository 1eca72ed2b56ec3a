import { checkpointName, checkpointNames, checkpointPath } from './checkpoint/files.js';
import type { Checkpoint } from './checkpoint/format.js';
import { CheckpointIntervals } from './checkpoint/intervals.js';
import { type CheckpointTrust, fileIfThere, maxCheckpointBytes, readCheckpoint, sha256Of, signerFault } from './checkpoint/read.js';
import { TimestampFindings } from './checkpoint/timestamp-findings.js';
import type { Finding } from './finding.js';
import { MerkleTree } from './merkle.js';
import type { RecordFacts } from './verify-segment.js';

export interface CheckpointChecks {
  /** Whose signatures are believed. */
  readonly trust: CheckpointTrust;
  /** DER of the authorities that certify time-stamping authorities; without any, time-stamps are not judged. */
  readonly timestampAnchors: readonly Buffer[];
  readonly now: Date;
  /** A daemon runs on this trail now. */
  readonly running: boolean;
}

export interface CheckpointReport {
  /** Those that the chain fits. */
  readonly sound: number;
  /** The newest of them. */
  readonly last: { readonly number: number; readonly time: string; readonly records: number } | undefined;
  /** Genuine time-stamps of trusted authorities, and the time that the newest tells. */
  readonly stamped: number;
  readonly lastStamp: string | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Compares checkpoints with the chain while it is read: each one's signature, numbers and links, and that at its size the chain has the head and
 * the Merkle root that it says. After a difference it goes on from that checkpoint's own frontier, so that each finding names the stretch of
 * records that it is about.
 */
export class CheckpointVerifier {
  private readonly directory: string;
  private readonly checks: CheckpointChecks;
  private readonly findings: Finding[] = [];
  private readonly intervals = new CheckpointIntervals();
  private readonly stamps: TimestampFindings;
  private readonly numbers: readonly number[];
  private index = 0;
  private next: Checkpoint | undefined;
  /** SHA-256 of every checkpoint file that could be read, and what the chain recorded. */
  private readonly files = new Map<number, string>();
  private readonly recorded = new Map<number, string>();
  private tree: MerkleTree | undefined = new MerkleTree();
  private lastLeaf: Buffer = Buffer.alloc(0);
  private before: { number: number; records: number } = { number: 0, records: 0 };
  private seq = 0;
  private sound = 0;
  private last: CheckpointReport['last'];

  constructor(directory: string, checks: CheckpointChecks) {
    this.directory = directory;
    this.checks = checks;
    const { checkpoints, timestamps } = checkpointNames(directory);
    this.numbers = checkpoints;
    this.stamps = new TimestampFindings(directory, timestamps, checks.timestampAnchors);
    this.next = this.load();
  }

  /** Every line of the chain, as a leaf of its tree. */
  leaf(hash: Buffer): void {
    // Behind the last checkpoint there is nothing to compare.
    if (this.next === undefined) return;
    this.lastLeaf = hash;
    this.tree?.append(hash);
  }

  /** The record of the line before, if that is one. */
  record(facts: RecordFacts): void {
    const { seq } = facts;
    this.seq = seq;
    this.intervals.record(facts);
    if (facts.event === 'checkpoint') this.remember(facts.detail);
    // Lines are missing, or are too many: what the tree has is nobody's.
    if (this.tree?.size !== seq) this.tree = undefined;
    for (; this.next !== undefined && this.next.records <= seq; this.next = this.load()) this.compare(this.next, seq, facts.hash);
  }

  finish(): CheckpointReport {
    for (; this.next !== undefined; this.next = this.load()) {
      const { number, records } = this.next;
      this.add('records-missing', number, `it covers ${records} records, and the chain ends with record ${this.seq}: records are missing`);
    }
    this.compareWithRecords();
    this.intervals.finish(this.checks.running ? this.checks.now.getTime() : undefined);
    const { sound, last, stamps } = this;
    const findings = [...this.findings, ...this.intervals.findings, ...stamps.finish(this.numbers)];
    return { sound, last, stamped: stamps.genuine, lastStamp: stamps.lastTime, findings };
  }

  private compare(checkpoint: Checkpoint, seq: number, hash: string): void {
    const { number, records, head, root, time } = checkpoint;
    const stretch = `records ${Math.min(this.before.records + 1, records)} to ${records}`;
    const here = seq === records;
    const fault = !here
      ? `record ${records}, with which it ends, is not in the chain or cannot be read`
      : hash !== head
        ? `record ${records}, with which it ends, is another one in the chain: ${stretch} were changed or made anew`
        : this.tree === undefined
          ? `what it covers cannot be compared: of ${stretch} some are missing, or too many`
          : this.tree.root().toString('hex') === root
            ? undefined
            : `${stretch} are not what was signed`;
    if (fault === undefined) {
      this.sound++;
      this.last = { number, time, records };
    } else this.add('checkpoint-mismatch', number, fault);
    this.tree = new MerkleTree(records, checkpoint.frontier.map(bytesOf));
    if (!here && seq === records + 1) this.tree.append(this.lastLeaf);
    else if (!here) this.tree = undefined;
    this.before = { number, records };
  }

  /** The next checkpoint that can be read. What is wrong with it in itself, and what is missing before it, is found. */
  private load(): Checkpoint | undefined {
    for (let number = this.numbers[this.index]; number !== undefined; number = this.numbers[this.index]) {
      this.missing(this.numbers[this.index - 1] ?? 0, number);
      this.index++;
      const checkpoint = this.read(number);
      if (checkpoint !== undefined) return checkpoint;
    }
    return undefined;
  }

  private read(number: number): Checkpoint | undefined {
    const bytes = fileIfThere(checkpointPath(this.directory, number), maxCheckpointBytes);
    // Gone since it was listed.
    if (bytes === undefined) {
      this.missing(number - 1, number + 1);
      return undefined;
    }
    this.files.set(number, sha256Of(bytes));
    const file = readCheckpoint(bytes);
    if ('fault' in file) {
      this.add('checkpoint-altered', number, file.fault);
      return undefined;
    }
    const { checkpoint } = file;
    const stampedAt = this.stamps.judge(number, bytes, new Date(checkpoint.time));
    const untrusted = signerFault(file, this.checks.trust, stampedAt ?? new Date(checkpoint.time));
    if (untrusted !== undefined) this.add('checkpoint-untrusted', number, untrusted);
    if (checkpoint.number !== number) {
      this.add('checkpoint-altered', number, `it is number ${checkpoint.number} by its content`);
      return undefined;
    }
    const previous = this.files.get(number - 1) ?? (number === 1 ? '0'.repeat(64) : undefined);
    if (previous !== undefined && checkpoint.previous !== previous)
      this.add(
        'checkpoint-altered',
        number,
        `it does not follow ${number === 1 ? 'nothing' : checkpointName(number - 1)}: one of the two is not the one that was made`,
      );
    if (checkpoint.records < this.before.records) {
      this.add('checkpoint-altered', number, `it covers ${checkpoint.records} records, fewer than the one before it`);
      return undefined;
    }
    return checkpoint;
  }

  private missing(before: number, number: number): void {
    if (number === before + 1) return;
    const [first, last] = [before + 1, number - 1];
    this.findings.push({
      kind: 'checkpoint-missing',
      file: `checkpoints/${checkpointName(first)}`,
      text: first === last ? 'it is not there' : `this one and those up to ${checkpointName(last)} are not there`,
    });
  }

  private remember(detail: unknown): void {
    if (typeof detail !== 'object' || detail === null || !('number' in detail) || !('sha256' in detail)) return;
    if (typeof detail.number === 'number' && typeof detail.sha256 === 'string') this.recorded.set(detail.number, detail.sha256);
  }

  /** The chain says which there must be: files and records in both directions. */
  private compareWithRecords(): void {
    const newest = this.numbers.at(-1) ?? 0;
    for (const [number, sha256] of this.recorded) {
      // Made while the chain was read.
      const actual = number > newest ? hashIfThere(checkpointPath(this.directory, number)) : this.files.get(number);
      if (actual === undefined && number > newest) this.missing(number - 1, number + 1);
      if (actual !== undefined && actual !== sha256) this.add('checkpoint-altered', number, 'it is not the file that the chain recorded');
    }
    for (const number of this.files.keys()) {
      // The newest is being recorded, or a crash came between, which the next start makes up for.
      if (!this.recorded.has(number) && number !== newest) this.add('checkpoint-unrecorded', number, 'no record says that it was made');
    }
  }

  private add(kind: Finding['kind'], number: number, text: string): void {
    this.findings.push({ kind, file: `checkpoints/${checkpointName(number)}`, text });
  }
}

function hashIfThere(path: string): string | undefined {
  const bytes = fileIfThere(path, maxCheckpointBytes);
  return bytes === undefined ? undefined : sha256Of(bytes);
}

function bytesOf(hash: string): Buffer {
  return Buffer.from(hash, 'hex');
}
