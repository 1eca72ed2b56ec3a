import { SealdropError } from '../../errors.js';

/** `error`: mail does not flow, or is not safe, until it is mended. `warning`: it soon may be so. `note`: to be known. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'warning' | 'error';
  /** What was looked at, in a word. */
  readonly topic: string;
  readonly text: string;
  /** What to do; undefined when there is nothing to do. */
  readonly cure?: string | undefined;
}

export const ok = (topic: string, text: string): Finding => ({ level: 'ok', topic, text });
export const noteThat = (topic: string, text: string, cure?: string): Finding => ({ level: 'note', topic, text, cure });
export const warn = (topic: string, text: string, cure: string): Finding => ({ level: 'warning', topic, text, cure });
export const fail = (topic: string, text: string, cure: string): Finding => ({ level: 'error', topic, text, cure });

/** Runs a check that throws when something is wrong; says `text` when it does not. */
export function attempt(topic: string, text: string, check: () => void): Finding {
  try {
    check();
    return ok(topic, text);
  } catch (error) {
    return faultFinding(topic, error);
  }
}

/** A SealdropError as a finding; anything else is thrown on. */
export function faultFinding(topic: string, error: unknown, level: 'error' | 'warning' = 'error'): Finding {
  if (!(error instanceof SealdropError)) throw error;
  return { level, topic, text: error.message, cure: error.cure };
}
