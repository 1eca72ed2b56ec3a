import { type KeptMessage, matchesOne } from './message.js';
import { firstDayAfter, type Period, periodWords } from './period.js';

/** One rule of `archive.retention`. Every condition that is stated must hold; `when: {}` matches every message. */
export interface RetentionRule {
  readonly when: {
    /** Address patterns; the envelope sender or the visible From must match one. */
    readonly from?: readonly string[];
    /** Address patterns; a recipient must match one. */
    readonly to?: readonly string[];
    /** Names of sealing rules; one of them must have decided about that recipient. */
    readonly rule?: readonly string[];
  };
  readonly keep: Period | 'forever';
}

export interface Keeping {
  /** From when on it may go, in Unix milliseconds; infinite: never. */
  readonly untilMs: number;
  /** The rule that keeps it longest; undefined: none matches, so it is kept for ever. */
  readonly rule: RetentionRule | undefined;
}

/**
 * How long a message is kept: the longest period of all rules that match it. One of which no envelope is known might match any rule, or
 * none: it is kept as long as the longest of them if there is a rule for every message, otherwise for ever.
 */
export function keepingOf(rules: readonly RetentionRule[], message: KeptMessage): Keeping {
  const forEvery = rules.some(({ when }) => Object.keys(when).length === 0);
  let longest: Keeping | undefined;
  for (const rule of rules) {
    if (message.envelope === undefined ? !forEvery : !matchesRule(rule, message)) continue;
    const untilMs = rule.keep === 'forever' ? Number.POSITIVE_INFINITY : firstDayAfter(message.startMs, rule.keep);
    if (longest === undefined || untilMs > longest.untilMs) longest = { untilMs, rule };
  }
  return longest ?? { untilMs: Number.POSITIVE_INFINITY, rule: undefined };
}

/** The rule in words, as records and reports name it: `7 years (to *@bank.example)`. */
export function ruleWords({ when, keep }: RetentionRule): string {
  const conditions = (['from', 'to', 'rule'] as const).flatMap((name) => {
    const wanted = when[name];
    return wanted === undefined ? [] : [`${name} ${wanted.join(', ')}`];
  });
  return `${keep === 'forever' ? 'for ever' : periodWords(keep)} (${conditions.length === 0 ? 'every message' : conditions.join('; ')})`;
}

function matchesRule({ when }: RetentionRule, { envelope }: KeptMessage): boolean {
  if (envelope === undefined) return true;
  if (when.from !== undefined && !matchesOne(when.from, envelope.senders)) return false;
  const { to, rule } = when;
  if (to === undefined && rule === undefined) return true;
  return envelope.recipients.some(
    (recipient) =>
      (to === undefined || matchesOne(to, [recipient.address])) &&
      (rule === undefined || (recipient.rule !== null && rule.includes(recipient.rule))),
  );
}
