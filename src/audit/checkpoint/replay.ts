import { leafHash } from '../merkle.js';
import { CHECKPOINTED, type RecordFacts, type VerifiedRecord } from '../verify-segment.js';

/**
 * What checkpoints are compared with, noted where a segment is read and played back where all are put together in order. 80 octets a line:
 *    0  32  leaf of the Merkle tree
 *   32  32  hash of the record
 *   64   8  its number, as a double; 0 for a line that is no record
 *   72   8  its time in milliseconds, as a double
 */
const lineBytes = 80;

/** Plain data: it crosses threads. */
export interface NotedLines {
  readonly lines: Uint8Array<ArrayBuffer>;
  /** Those of which more than that is needed, with their details. */
  readonly special: readonly RecordFacts[];
}

const ordinary = 'ordinary';

export class LineNotes {
  private bytes = Buffer.alloc(1024 * lineBytes);
  private used = 0;
  private readonly special: RecordFacts[] = [];
  private time = '';
  private timeMs = Number.NaN;

  line(line: Buffer): void {
    if (this.used === this.bytes.length) {
      const grown = Buffer.alloc(2 * this.bytes.length);
      this.bytes.copy(grown);
      this.bytes = grown;
    }
    leafHash(line).copy(this.bytes, this.used);
    this.used += lineBytes;
  }

  /** Of the line before. */
  record(verified: VerifiedRecord): void {
    const { seq, hash, event, time } = verified.record;
    const at = this.used - lineBytes;
    this.bytes.write(hash, at + 32, 32, 'hex');
    this.bytes.writeDoubleLE(seq, at + 64);
    // Records of one batch have one time.
    if (time !== this.time) {
      this.time = time;
      this.timeMs = Date.parse(time);
    }
    this.bytes.writeDoubleLE(this.timeMs, at + 72);
    if (CHECKPOINTED.has(event)) this.special.push(verified.facts);
  }

  take(): NotedLines {
    return { lines: new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.used), special: this.special };
  }
}

/** Plays them back in their order. */
export function replay({ lines, special }: NotedLines, to: { leaf(hash: Buffer): void; record(facts: RecordFacts): void }): void {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.length);
  let next = 0;
  for (let at = 0; at < bytes.length; at += lineBytes) {
    to.leaf(bytes.subarray(at, at + 32));
    const seq = bytes.readDoubleLE(at + 64);
    if (seq === 0) continue;
    const known = special[next]?.seq === seq ? special[next++] : undefined;
    to.record(known ?? new NotedRecord(bytes, at, seq));
  }
}

/** The hash is asked for at few of them. */
class NotedRecord implements RecordFacts {
  readonly event = ordinary;
  readonly detail = undefined;
  readonly seq: number;
  private readonly bytes: Buffer;
  private readonly at: number;

  constructor(bytes: Buffer, at: number, seq: number) {
    this.bytes = bytes;
    this.at = at;
    this.seq = seq;
  }

  get hash(): string {
    return this.bytes.toString('hex', this.at + 32, this.at + 64);
  }

  get timeMs(): number {
    return this.bytes.readDoubleLE(this.at + 72);
  }
}
