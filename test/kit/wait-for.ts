import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** How long to wait in all before giving up. */
  readonly deadlineMs?: number;
  /** How long to leave between two looks. */
  readonly everyMs?: number;
  /** Shown with the error when the deadline passes: what there was instead. */
  readonly describe?: () => string;
}

/**
 * Looks until `condition` returns something other than undefined, null or false, and returns that.
 * A condition that throws counts as not yet met; its last error becomes the cause when the deadline passes.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { deadlineMs = 20_000, everyMs = 10, describe } = options;
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const { met, cause } = await look(condition);
    if (met !== undefined) return met;
    if (performance.now() >= giveUpAt) {
      const instead = describe === undefined ? '' : `; instead: ${describe()}`;
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}${instead}`, cause === undefined ? undefined : { cause });
    }
    await delay(everyMs);
  }
}

async function look<T>(condition: () => T | Promise<T>): Promise<{ met?: Exclude<T, undefined | null | false>; cause?: unknown }> {
  try {
    const value = await condition();
    if (value === undefined || value === null || value === false) return {};
    return { met: value as Exclude<T, undefined | null | false> };
  } catch (cause) {
    return { cause };
  }
}
