/** How long something is kept: whole days, months or years of the calendar. */
export interface Period {
  readonly count: number;
  readonly unit: 'days' | 'months' | 'years';
}

/** `10 years`, `18 months`, `90 days`, or with one blank or none `1 year`, `7y`, `90d`. Undefined for anything else: `6m` could be minutes. */
export function parsePeriod(text: string): Period | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,4}) ?(days?|d|months?|years?|y)$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const count = Number(digits);
  const period: Period = { count, unit: unit.startsWith('d') ? 'days' : unit.startsWith('m') ? 'months' : 'years' };
  return firstDayAfter(0, period) > mostYears * 366 * dayMs ? undefined : period;
}

export function periodWords({ count, unit }: Period): string {
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}

/**
 * When a period that began at `startMs` is over: at midnight (UTC) after the day on which it ends. Where the month has no such day, that is
 * the month's last. So a period is never shorter than its words: what was accepted at noon on 29 February 2024 and is kept for a year may
 * go from 1 March 2025, 00:00 UTC.
 */
export function firstDayAfter(startMs: number, { count, unit }: Period): number {
  const start = new Date(startMs);
  const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()];
  if (unit === 'days') return Date.UTC(year, month, day + count + 1);
  const months = month + (unit === 'months' ? count : count * 12);
  const daysInMonth = new Date(Date.UTC(year, months + 1, 0)).getUTCDate();
  return Date.UTC(year, months, Math.min(day, daysInMonth) + 1);
}

const dayMs = 86_400_000;
const mostYears = 200;
