import { timeOfMessageId } from '../../message-id.js';
import { type KeptMessage, matchesOne } from './message.js';

/** Which messages a legal hold or an erasure is about. All conditions that are stated must hold, of each one of its values. */
export interface MessageQuery {
  readonly everything?: true;
  readonly ids?: readonly string[];
  /** Address patterns, for the envelope sender or the visible From. */
  readonly senders?: readonly string[];
  readonly recipients?: readonly string[];
  /** Address patterns, for either side. */
  readonly addresses?: readonly string[];
  /** Domains, for either side. */
  readonly domains?: readonly string[];
  /** Names of the sealing rules that decided. */
  readonly rules?: readonly string[];
  /** Days (UTC) on which it was taken, the first and the last one, `YYYY-MM-DD`. */
  readonly since?: string;
  readonly until?: string;
}

/**
 * Addresses are compared without regard to case, as `matchesOne` does. `inDoubt`: the answer where no envelope is known. The days count both from the id and from the beginning of the retention, should they differ.
 */
export function matchesQuery(query: MessageQuery, message: KeptMessage, inDoubt: boolean): boolean {
  if (query.ids !== undefined && !query.ids.includes(message.id)) return false;
  if (!matchesDays(query, message)) return false;
  const { senders, recipients, addresses, domains, rules } = query;
  if ([senders, recipients, addresses, domains, rules].every((each) => each === undefined)) return true;
  if (message.envelope === undefined) return inDoubt;
  const from = message.envelope.senders;
  const to = message.envelope.recipients.map(({ address }) => address);
  if (senders !== undefined && !matchesOne(senders, from)) return false;
  if (recipients !== undefined && !matchesOne(recipients, to)) return false;
  if (addresses !== undefined && !matchesOne(addresses, [...from, ...to])) return false;
  if (
    domains !== undefined &&
    !matchesOne(
      domains.map((domain) => `*@${domain}`),
      [...from, ...to],
    )
  )
    return false;
  return rules === undefined || message.envelope.recipients.some(({ rule }) => rule !== null && rules.includes(rule));
}

/** The query in words, for reports. */
export function queryWords(query: MessageQuery): string {
  const { everything, ids, senders, recipients, addresses, domains, rules, since, until } = query;
  const lists = { id: ids, sender: senders, recipient: recipients, address: addresses, domain: domains, rule: rules };
  const words = Object.entries(lists).flatMap(([name, list]) => (list === undefined ? [] : [`${name} ${list.join(' or ')}`]));
  if (since !== undefined) words.push(`since ${since}`);
  if (until !== undefined) words.push(`until ${until}`);
  return everything === true || words.length === 0 ? 'everything' : words.join(', ');
}

function matchesDays({ since, until }: MessageQuery, { id, startMs }: KeptMessage): boolean {
  const days = [timeOfMessageId(id), new Date(startMs)].map((time) => time.toISOString().slice(0, 10));
  return days.some((day) => (since === undefined || day >= since) && (until === undefined || day <= until));
}
