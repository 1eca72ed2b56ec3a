import type { Place } from './tree.js';

/** What is wrong with an MTA's configuration, or had better be known. */
export interface ConfigFinding {
  readonly level: 'error' | 'warning' | 'note';
  /** Undefined where it is about what is not there. */
  readonly at: Place | undefined;
  readonly text: string;
  /** What to do. */
  readonly cure: string;
}

/** Who speaks and about what they must agree: sealdrop's side. */
export interface ConfigExpectation {
  readonly directory: string;
  readonly bad: string;
  /** Whether two paths name the same directory. */
  readonly same: (one: string, other: string) => boolean;
  /** Control headers that pickup files may carry, in lower case: `x-envid`, `x-job`, … */
  readonly headers: readonly string[];
  /** Domains of the From addresses that mail is sent from, in lower case. */
  readonly senderDomains: readonly string[];
  readonly maxMessageBytes: number;
}
