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
  /** The envelope sender and the addresses in the visible From. */
  readonly senders: readonly string[];
  readonly recipients: readonly { readonly address: string; readonly rule: string | null }[];
}

/**
 * Without regard to case, also before the @, and to how accents are written: whoever submits a message must not get it out of a hold, or away
 * from the rule that keeps it longest, by how an address is spelt.
 */
export function matchesOne(patterns: readonly string[], addresses: readonly string[]): boolean {
  const given = addresses.map(folded);
  return patterns.map(folded).some((pattern) => given.some((address) => matchesAddress(pattern, address)));
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
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
  const authors: unknown[] = 'authors' in plan && Array.isArray(plan.authors) ? plan.authors : [];
  return { senders: [...new Set([...senders, ...authors].filter((each) => typeof each === 'string'))], recipients };
}
