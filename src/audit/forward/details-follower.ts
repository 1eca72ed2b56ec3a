import { statSync } from 'node:fs';
import { errnoOf } from '../../disk/faults.js';
import { detailsName } from '../files.js';
import { seqOf } from '../line-facts.js';
import { type RawLine, rawLinesOf } from '../lines.js';

/**
 * Finds lines of the details by number, for one who asks in order. An erasure puts another file in the place of a segment's details, with
 * other offsets and the same numbers: the file is then read from its beginning.
 */
export class DetailsFollower {
  private readonly directory: string;
  private segment: string | undefined;
  private inode: number | undefined;
  private offset = 0;
  /** The number of the last line that was passed. */
  private passed = 0;
  private lines: Iterator<RawLine> | undefined;
  private held: { seq: number; line: RawLine } | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Without line feed; undefined if there is none of that number. */
  find(segment: string, seq: number): Buffer | undefined {
    const path = `${this.directory}/${detailsName(segment)}`;
    const inode = inodeOf(path);
    if (inode === undefined) return undefined;
    if (this.segment !== segment || this.inode !== inode || seq <= this.passed) {
      this.close();
      this.segment = segment;
      this.inode = inode;
      this.offset = 0;
      this.passed = 0;
    }
    for (;;) {
      this.held ??= this.nextLine(path);
      if (this.held === undefined || this.held.seq > seq) return undefined;
      const { seq: found, line } = this.held;
      this.held = undefined;
      this.offset = line.end;
      this.passed = found;
      if (found === seq) return line.bytes;
    }
  }

  private close(): void {
    this.lines?.return?.();
    this.lines = undefined;
    this.held = undefined;
  }

  /** The file grows while it is read: at its end the reading is begun again where it ended. */
  private nextLine(path: string): { seq: number; line: RawLine } | undefined {
    for (let fresh = false; ; ) {
      if (this.lines === undefined) {
        this.lines = rawLinesOf(path, this.offset)[Symbol.iterator]();
        fresh = true;
      }
      const next = this.lines.next();
      if (next.done !== true && next.value.complete) {
        const seq = seqOf(next.value.bytes.toString('latin1', 0, 32));
        if (seq !== undefined) return { seq, line: next.value };
        this.offset = next.value.end;
        continue;
      }
      this.close();
      if (fresh) return undefined;
    }
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
