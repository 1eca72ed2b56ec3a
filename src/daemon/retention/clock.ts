import { durationWords } from '../../config/sizes.js';
import { SealdropError } from '../../errors.js';
import type { SegmentSummary } from './trail-summary.js';

/**
 * Whether the clock may be trusted to say that something is old enough to be destroyed. The chain is the witness: with checkpoints it has a
 * record at least every hour while the daemon runs. Undefined: it may. Otherwise what a person has to look at: the clock stands behind the
 * last record, or it went ahead by more than `maxStepMs` from one record to the next, or from the last one to now, and no person has
 * confirmed it since. A daemon that was stopped for long looks the same; nothing on this machine could tell the difference.
 */
export function clockFault(trail: readonly SegmentSummary[], nowMs: number, maxStepMs: number): SealdropError | undefined {
  const lastMs = trail.at(-1)?.lastMs;
  if (lastMs === undefined || Number.isNaN(lastMs)) return undefined;
  if (nowMs < lastMs) return behind(nowMs, lastMs);
  const confirmedSeq = Math.max(0, ...trail.map(({ confirmed }) => confirmed.at(-1) ?? 0));
  const steps = trail.flatMap((summary) => summary.steps.filter(({ seq }) => seq > confirmedSeq));
  const step = steps.find(({ fromMs, toMs }) => toMs - fromMs > maxStepMs);
  if (step !== undefined) return tooFar(step.fromMs, step.toMs, maxStepMs, `audit record ${step.seq}`);
  return nowMs - lastMs > maxStepMs ? tooFar(lastMs, nowMs, maxStepMs, 'now') : undefined;
}

function behind(nowMs: number, lastMs: number): SealdropError {
  const message = `nothing is destroyed: the clock says ${iso(nowMs)}, and the newest audit record was written at ${iso(lastMs)}`;
  return new SealdropError('clock-behind', message, { disposition: 'quarantine', cure });
}

function tooFar(fromMs: number, toMs: number, maxStepMs: number, until: string): SealdropError {
  const days = Math.round((toMs - fromMs) / 8_640_000) / 10;
  const message = `nothing is destroyed: the clock went ahead by ${days} days, from ${iso(fromMs)} to ${iso(toMs)} (${until}), which is more than archive.maxClockStep (${durationWords(maxStepMs)})`;
  return new SealdropError('clock-step', message, { disposition: 'quarantine', cure });
}

const cure =
  'Compare the clock with another one. If it is right (the machine or sealdrop was off, or the clock was mended), repeat the command with --confirm-clock, which is recorded.';

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
