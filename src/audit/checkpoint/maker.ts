import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { replaceFile, syncDirectory } from '../../disk/durable.js';
import { diskFault } from '../../disk/faults.js';
import { signFile } from '../../smime/sign.js';
import type { PreparedSigner } from '../../smime/signer.js';
import type { ChainPosition } from '../follow.js';
import { leafHash, type MerkleTree } from '../merkle.js';
import { type Entry, newEntry } from '../record.js';
import type { Written } from '../writer.js';
import { checkpointDirectory, checkpointName } from './files.js';
import { checkpointContent } from './format.js';
import { type Resumed, resume } from './resume.js';

export interface CheckpointMakerOptions {
  /** The audit directory. */
  readonly directory: string;
  readonly identity: { readonly signer: PreparedSigner; readonly certificates: readonly Buffer[] };
  readonly now: () => Date;
  readonly append: (entries: readonly Entry[]) => Promise<void>;
}

/** A checkpoint that is durable. */
export interface Made {
  readonly number: number;
  /** Of its file, hexadecimal. */
  readonly sha256: string;
  readonly records: number;
}

/**
 * Follows the chain with a Merkle tree, and signs checkpoints of it: first the file, durable, under a number used once; then the record that says
 * so. Killed before the file is in its place: nothing was. Killed between file and record: the next start finds the file, and writes the record.
 */
export class CheckpointMaker {
  /** What was wrong with the newest checkpoint at the start. */
  readonly fault: string | undefined;
  /** When the last sound checkpoint was made. */
  lastTime: Date | undefined;
  private readonly options: CheckpointMakerOptions;
  private readonly tree: MerkleTree;
  private head: string;
  private at: ChainPosition;
  private number: number;
  private previous: string;
  private covered: number;
  private unrecorded: Made | undefined;
  private making: Promise<unknown> = Promise.resolve();

  private constructor(options: CheckpointMakerOptions, head: string, resumed: Resumed) {
    this.options = options;
    this.head = head;
    this.tree = resumed.tree;
    this.at = resumed.at;
    this.number = resumed.number;
    this.previous = resumed.previous;
    this.covered = resumed.records;
    this.unrecorded = resumed.unrecorded;
    this.fault = resumed.fault;
    this.lastTime = resumed.last === undefined ? undefined : new Date(resumed.last.time);
  }

  /** `head` is the chain's last record. Nothing may be appended between this and the first call of `follow`. Errors as for `resume`. */
  static open(options: CheckpointMakerOptions, head: { seq: number; hash: string }): CheckpointMaker {
    makeDirectory(options.directory);
    const resumed = resume(options.directory, head, { certificates: options.identity.certificates, anchors: [] });
    return new CheckpointMaker(options, head.hash, resumed);
  }

  /** Records that no checkpoint covers yet. */
  get uncovered(): number {
    return this.tree.size - this.covered;
  }

  /** Segment that the chain is at. */
  get segment(): string {
    return this.at.segment;
  }

  follow({ lines, hash, at }: Written): void {
    for (const line of lines) this.tree.append(leafHash(line));
    this.head = hash;
    this.at = at;
  }

  /** Makes a checkpoint of all that is durable now, one after the other. Rejects as the disk or the chain refuses; it can be tried again. */
  make(): Promise<Made> {
    const made = this.making.then(() => this.makeNext());
    this.making = made.catch(() => undefined);
    return made;
  }

  private async makeNext(): Promise<Made> {
    // Every checkpoint covers the record of the one before it: so a start can tell whether the last one has its record.
    await this.record();
    if (this.tree.size === 0) throw new Error('there is no record yet that a checkpoint could cover');
    const time = this.options.now();
    const { directory, identity } = this.options;
    const number = this.number + 1;
    const content = checkpointContent({
      number,
      time: time.toISOString(),
      records: this.tree.size,
      head: this.head,
      root: this.tree.root().toString('hex'),
      frontier: this.tree.frontier.map((hash) => hash.toString('hex')),
      previous: this.previous,
      ...this.at,
    });
    const made = { number, records: this.tree.size };
    const bytes = signFile(content, [identity.signer], { digest: 'sha256', scheme: 'auto', signingTime: time });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    // What has this name already was made by us a moment ago, and the disk refused to say that it is durable.
    replaceFile(checkpointDirectory(directory), checkpointName(number), bytes, 0o440);
    this.number = number;
    this.previous = sha256;
    this.covered = made.records;
    this.lastTime = time;
    this.unrecorded = { ...made, sha256 };
    await this.record();
    return { ...made, sha256 };
  }

  private async record(): Promise<void> {
    if (this.unrecorded === undefined) return;
    await this.options.append([newEntry('checkpoint', {}, this.unrecorded)]);
    this.unrecorded = undefined;
  }
}

function makeDirectory(auditDirectory: string): void {
  try {
    // Its group follows from the audit directory's, whose mode decides whether auditors come as far as here.
    if (mkdirSync(checkpointDirectory(auditDirectory), { recursive: true, mode: 0o750 }) !== undefined) syncDirectory(auditDirectory);
  } catch (error) {
    throw diskFault(error, 'make', checkpointDirectory(auditDirectory));
  }
}
