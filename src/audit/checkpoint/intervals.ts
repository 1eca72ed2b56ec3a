import type { Finding } from '../finding.js';
import type { RecordFacts } from '../verify-segment.js';

interface Run {
  readonly maxAgeMs: number;
  /** When it began, or when the last checkpoint was recorded. */
  sinceMs: number;
}

/**
 * Whether checkpoints came as often as promised while a daemon ran. What was promised stands in its `started` record, so that nobody loosens it
 * afterwards. A daemon that was killed ran at least until its last record.
 */
export class CheckpointIntervals {
  readonly findings: Finding[] = [];
  private run: Run | undefined;
  private lastMs = 0;

  record({ event, timeMs, detail }: RecordFacts): void {
    switch (event) {
      case 'started':
        this.judge('checkpoint-late', this.lastMs);
        this.run = runOf(detail, timeMs);
        break;
      case 'stopped':
        this.judge('checkpoint-late', timeMs);
        this.run = undefined;
        break;
      case 'checkpoint':
        this.judge('checkpoint-late', timeMs);
        if (this.run !== undefined) this.run.sinceMs = timeMs;
        break;
    }
    this.lastMs = timeMs;
  }

  /** `runningSince`: the time now, if a daemon is running. */
  finish(nowMs: number | undefined): void {
    if (nowMs === undefined) this.judge('checkpoint-late', this.lastMs);
    else this.judge('checkpoint-stale', nowMs);
  }

  private judge(kind: 'checkpoint-late' | 'checkpoint-stale', untilMs: number): void {
    if (this.run === undefined) return;
    const { sinceMs, maxAgeMs } = this.run;
    if (untilMs - sinceMs <= maxAgeMs + toleranceMs(maxAgeMs)) return;
    const [since, until] = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()];
    const promised = `at least every ${Math.round(maxAgeMs / 1000)} s was promised`;
    this.findings.push({
      kind,
      file: 'checkpoints',
      text:
        kind === 'checkpoint-late'
          ? `none was recorded from ${since} to ${until} while sealdrop ran: ${promised}`
          : `sealdrop runs, and has recorded none since ${since}: ${promised}`,
    });
  }
}

/** A busy machine, a disk that was waited for: a tenth of the time, and at least a minute. */
function toleranceMs(maxAgeMs: number): number {
  return Math.max(60_000, maxAgeMs / 10);
}

function runOf(detail: unknown, sinceMs: number): Run | undefined {
  if (typeof detail !== 'object' || detail === null || !('checkpointMaxAgeMs' in detail)) return undefined;
  const { checkpointMaxAgeMs } = detail;
  return typeof checkpointMaxAgeMs === 'number' ? { maxAgeMs: checkpointMaxAgeMs, sinceMs } : undefined;
}
