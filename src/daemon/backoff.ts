export interface RetryTimes {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly giveUpAfter: number;
}

/**
 * When to try again, in Unix milliseconds; undefined when it is time to give up. The wait doubles from attempt to attempt up to a cap;
 * `random` (0…1) spreads it by a quarter either way, so that what failed together does not come back together.
 */
export function nextAttempt(
  attempts: number,
  firstAttemptMs: number,
  nowMs: number,
  times: RetryTimes,
  random: number,
): number | undefined {
  if (nowMs - firstAttemptMs >= times.giveUpAfter) return undefined;
  const wait = Math.min(times.maxMs, times.firstMs * 2 ** Math.min(30, Math.max(0, attempts - 1)));
  return Math.min(nowMs + wait * (0.75 + random / 2), firstAttemptMs + times.giveUpAfter);
}
