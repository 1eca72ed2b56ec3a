import { SealdropError } from '../../errors.js';
import { parseAddress, parseDomain } from '../../message/address.js';
import { type State, states } from './state.js';

/** What is searched for; everything given has to hold. */
export interface Criteria {
  readonly from?: AddressCriterion | undefined;
  readonly to?: AddressCriterion | undefined;
  /** Anywhere in the subject, without regard to case. */
  readonly subject?: string | undefined;
  /** With or without its angle brackets. */
  readonly messageId?: string | undefined;
  /** Taken from the outbox at that time or later, and before. */
  readonly afterMs?: number | undefined;
  readonly beforeMs?: number | undefined;
  readonly rule?: string | undefined;
  /** SHA-256 of an original or of a sealed copy, hex. */
  readonly hash?: string | undefined;
  readonly state?: State | undefined;
}

export type AddressCriterion =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'domain'; readonly domain: string }
  /** `*` stands for anything. */
  | { readonly kind: 'domains'; readonly pattern: string };

/**
 * `alice@bank.example`, `@bank.example` or `*@bank.example`, `*@*.bank.example`; compared as rules are: the local part exactly, the domain
 * without regard to case and as A-labels.
 */
export function addressCriterion(text: string): AddressCriterion {
  const domain = /^\*?@(.+)$/s.exec(text)?.[1];
  if (domain === undefined) {
    const address = text.includes('*') ? undefined : parseAddress(text);
    if (address !== undefined) return { kind: 'address', address };
  } else if (domain.includes('*')) {
    if (/^[a-z0-9.*_-]+$/i.test(domain)) return { kind: 'domains', pattern: domain.toLowerCase() };
  } else {
    const parsed = parseDomain(domain);
    if (parsed !== undefined) return { kind: 'domain', domain: parsed };
  }
  throw invalid(`${JSON.stringify(text)} is no address to look for`, 'Write alice@bank.example, @bank.example or *@*.bank.example.');
}

/** `2026-11-25` (midnight UTC), `2026-11-25T14:30` (UTC) or with seconds and an offset, as ISO 8601. */
export function timeCriterion(text: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text)
    ? Date.parse(`${text}T00:00Z`)
    : /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)
      ? Date.parse(`${text}Z`)
      : /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)
        ? Date.parse(text)
        : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(`${JSON.stringify(text)} is no date`, 'Write 2026-11-25, or 2026-11-25T14:30 (UTC), or 2026-11-25T14:30+01:00.');
}

export function hashCriterion(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw invalid(`${JSON.stringify(text)} is no SHA-256`, 'Write its 64 hexadecimal digits, or name the file with --file.');
}

export function stateCriterion(text: string): State {
  const state = states.find((each) => each === text);
  if (state !== undefined) return state;
  throw invalid(`${JSON.stringify(text)} is no state of a message`, `It is one of ${states.join(', ')}.`);
}

function invalid(message: string, cure: string): SealdropError {
  return new SealdropError('bad-search', message, { disposition: 'fatal', cure });
}
