import { z } from 'zod';
import { type Period, parsePeriod } from '../policy/retention/period.js';
import { addressPatterns, duration, section } from './kinds.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const periodError = 'must be a period; write for example 10 years, 18 months, 90 days or forever';

function period() {
  return z.string({ error: periodError }).transform((value, context): Period | 'forever' => {
    const parsed = value === 'forever' ? value : parsePeriod(value);
    if (parsed !== undefined) return parsed;
    context.addIssue(periodError);
    return z.NEVER;
  });
}

const nameError = 'must be the name of one of the rules above, or a list of them';
const ruleNames = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string({ error: nameError }), { error: nameError }).min(1, { error: nameError }),
);

const retentionRule = z.strictObject({
  when: z
    .strictObject(
      {
        from: addressPatterns().exactOptional().describe('Envelope sender or visible From: an address, a pattern, or a list of them.'),
        to: addressPatterns().exactOptional().describe('A recipient, in the same way.'),
        rule: ruleNames.exactOptional().describe('Name of the rule of `rules` that decided about that recipient, or a list of names.'),
      },
      { error: 'must be a section of conditions; write "when: {}" for every message' },
    )
    .describe('All conditions named must hold. "when: {}" matches every message.'),
  keep: period().describe('How long, in days, months or years of the calendar, or forever.'),
});

const listError = 'must be null, a period (10 years, 18 months, 90 days, forever) or a list of rules; begin each with "- when: …"';

/** null: kept for ever. One period is a rule for every message. */
export function retention() {
  const list = z.array(retentionRule, { error: listError }).min(1, { error: listError });
  const isPeriod = (value: unknown) => typeof value === 'string' && (value === 'forever' || parsePeriod(value) !== undefined);
  return z.preprocess((value) => (isPeriod(value) ? [{ when: {}, keep: value }] : value), list.nullable());
}

const scheduleError = 'must be off, or a time of the day (UTC); write for example daily at 03:30';

/** Minutes after midnight (UTC); null: only by hand. */
function schedule() {
  return z.union([z.string(), z.literal(false)], { error: scheduleError }).transform((value, context): number | null => {
    if (value === 'off' || value === false) return null;
    const [, hour, minute] = /^daily at ([01]?\d|2[0-3]):([0-5]\d)$/.exec(value) ?? [];
    if (hour !== undefined) return Number(hour) * 60 + Number(minute);
    context.addIssue(scheduleError);
    return z.NEVER;
  });
}

export const purgeSection = section({
  schedule: schedule().prefault('off').describe('off: "sealdrop archive purge" by hand alone. "daily at 03:30" (UTC): the daemon does it.'),
}).prefault({});

export function clockStep() {
  return duration(HOUR, 366 * DAY).prefault('1d');
}
