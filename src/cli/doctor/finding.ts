import { SealdropError } from '../../errors.js';

export interface Finding {
  readonly level: 'ok' | 'note' | 'warning' | 'error';
  /** What was looked at, in a word or two. */
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
    if (error instanceof SealdropError) return fail(topic, error.message, error.cure);
    throw error;
  }
}
