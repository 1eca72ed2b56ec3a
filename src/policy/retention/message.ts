import { matchesAddress } from '../address-pattern.js';

/** What retention, holds and erasure know of an archived message: from its recorded plan. */
export interface KeptMessage {
  readonly id: string;
  /** When its retention began, in Unix milliseconds. */
  readonly startMs: number;
  /** Undefined when no record tells it: dropped before it was decided on. Such a message is kept in every case of doubt. */
  readonly envelope: KeptEnvelope | undefined;
}

export interface KeptEnvelope {
  /** The envelope sender and the visible From. */
  readonly senders: readonly string[];
  readonly recipients: readonly { readonly address: string; readonly rule: string | null }[];
}

export function matchesOne(patterns: readonly string[], addresses: readonly string[]): boolean {
  return patterns.some((pattern) => addresses.some((address) => matchesAddress(pattern, address)));
}

/** The envelope of a recorded plan (`Plan`, as it stands in the detail of an `intent`); undefined if it is none. */
export function envelopeOfPlan(plan: unknown): KeptEnvelope | undefined {
  if (typeof plan !== 'object' || plan === null || !('decisions' in plan) || !Array.isArray(plan.decisions)) return undefined;
  const senders = ['sender' in plan ? plan.sender : undefined, 'from' in plan ? plan.from : undefined];
  const recipients: { address: string; rule: string | null }[] = [];
  for (const decision of plan.decisions as unknown[]) {
    if (typeof decision !== 'object' || decision === null || !('address' in decision)) return undefined;
    const { address } = decision;
    if (typeof address !== 'string') return undefined;
    recipients.push({ address, rule: 'rule' in decision && typeof decision.rule === 'string' ? decision.rule : null });
  }
  return { senders: [...new Set(senders.filter((each) => typeof each === 'string'))], recipients };
}
