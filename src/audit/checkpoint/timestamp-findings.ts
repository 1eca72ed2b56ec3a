import { createHash } from 'node:crypto';
import { readTimeStampToken } from '../../smime/timestamp/token.js';
import type { Finding } from '../finding.js';
import { checkpointName, timestampName, timestampPath } from './files.js';
import { fileIfThere } from './read.js';

const maxTokenBytes = 1 << 20;
/** A clock that is set by the network is nearer to the authority's than this. */
const clockToleranceMs = 60_000;

/** Judges the time-stamps that lie beside checkpoints. That one is missing is no finding: an authority may be away. */
export class TimestampFindings {
  genuine = 0;
  lastTime: string | undefined;
  private readonly findings: Finding[] = [];
  private readonly directory: string;
  private readonly numbers: ReadonlySet<number>;
  private readonly anchors: readonly Buffer[];

  constructor(directory: string, numbers: readonly number[], anchors: readonly Buffer[]) {
    this.directory = directory;
    this.numbers = new Set(numbers);
    this.anchors = anchors;
  }

  /** The time a genuine token tells of this checkpoint; undefined if there is none. `time`: what the checkpoint itself says. */
  judge(number: number, checkpoint: Buffer, time: Date): Date | undefined {
    if (!this.numbers.has(number) || this.anchors.length === 0) return undefined;
    const token = fileIfThere(timestampPath(this.directory, number), maxTokenBytes);
    if (token === undefined) return undefined;
    const imprint = createHash('sha256').update(checkpoint).digest();
    const stamp = readTimeStampToken(token, { imprint, anchors: this.anchors });
    if ('fault' in stamp) this.add('timestamp-altered', number, stamp.fault);
    else if (stamp.untrusted !== undefined) this.add('timestamp-untrusted', number, `${stamp.signer}: ${stamp.untrusted}`);
    else {
      this.genuine++;
      this.lastTime = stamp.time.toISOString();
      if (stamp.time.getTime() + clockToleranceMs < time.getTime())
        this.add(
          'timestamp-too-early',
          number,
          `stamped ${this.lastTime}, before the checkpoint says it was made (${time.toISOString()}): this host's clock was ahead`,
        );
      return stamp.time;
    }
    return undefined;
  }

  /** `checkpoints`: those that are there. A stamp of one that is not there tells that there was one. */
  finish(checkpoints: readonly number[]): Finding[] {
    const newest = checkpoints.at(-1) ?? 0;
    for (const number of this.numbers) {
      if (number > newest)
        this.findings.push({
          kind: 'checkpoint-missing',
          file: `checkpoints/${checkpointName(number)}`,
          text: 'its time-stamp is there, and it is not',
        });
    }
    return this.findings;
  }

  private add(kind: Finding['kind'], number: number, text: string): void {
    this.findings.push({ kind, file: `checkpoints/${timestampName(number)}`, text });
  }
}
