import type { Way } from '../way.js';
import { matchesAddress } from './address-pattern.js';
import { matchesGlob } from './glob.js';
import type { KeepSealed } from './plan.js';
import type { Protection } from './protection.js';

/** One rule of the configuration. Every condition that is stated must hold; `when: {}` matches every recipient. */
export interface Rule {
  readonly name: string;
  readonly when: {
    /** Address patterns; one of them must match the envelope recipient. */
    readonly to?: readonly string[];
    /** Address patterns; one of them must match the visible From (the identity's address). */
    readonly from?: readonly string[];
    /** Header field names with a glob for the value, compared without regard to case; one value of each must match. */
    readonly header?: Readonly<Record<string, string>>;
  };
  readonly protect?: Partial<Protection>;
  readonly delivery?: { readonly via?: Way; readonly job?: string; readonly virtualMta?: string };
  readonly archive?: { readonly keepSealed?: KeepSealed };
}

/** What the rules' message-wide conditions are held against. */
export interface MessageFacts {
  readonly from: string;
  /** The decoded values of every field of that name (any case), submitted control headers included. */
  readonly headerValues: (name: string) => readonly string[];
}

export function matches(rule: Rule, recipient: string, message: MessageFacts): boolean {
  return matchesMessage(rule, message) && matchesRecipient(rule, recipient);
}

/** The conditions that are the same for all recipients of a message. */
export function matchesMessage(rule: Rule, message: MessageFacts): boolean {
  const { from, header } = rule.when;
  if (from !== undefined && !from.some((pattern) => matchesAddress(pattern, message.from))) return false;
  return Object.entries(header ?? {}).every(([name, pattern]) =>
    message.headerValues(name).some((value) => matchesGlob(pattern.toLowerCase(), value.toLowerCase())),
  );
}

export function matchesRecipient(rule: Rule, recipient: string): boolean {
  return rule.when.to?.some((pattern) => matchesAddress(pattern, recipient)) ?? true;
}
