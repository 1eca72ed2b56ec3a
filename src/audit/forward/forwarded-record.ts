import { parseChainLine, parseDetailsLine } from '../record.js';

/** A record of the chain on its way elsewhere. */
export interface ForwardedRecord {
  /** Its line of the chain, without line feed: holds no personal data, and proves its own hash. */
  readonly line: string;
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly id: string | undefined;
  readonly outcome: string | undefined;
  readonly algorithms: string | undefined;
  readonly hash: string;
  /** Its line of the details; undefined if it was not asked for, or is not there. */
  readonly details: string | undefined;
}

export function forwardedRecord(line: string, details: string | undefined): ForwardedRecord | undefined {
  const parsed = parseChainLine(line);
  if (parsed.kind !== 'record') return undefined;
  const { seq, time, event, id, outcome, algorithms, hash } = parsed.record;
  return { line, seq, time, event, id, outcome, algorithms, hash, details };
}

/**
 * One line of JSON about a record, as it stands in the forwarded file and in the text of a syslog message: the line of the chain, octet for
 * octet. With its details (personal data), `salt` and `personal` are added behind the hash, or `erased` where they have been erased.
 */
export function forwardedLine({ line, details }: ForwardedRecord): string {
  const parsed = details === undefined ? undefined : parseDetailsLine(details);
  if (parsed === undefined || parsed.kind === 'torn') return line;
  if (parsed.kind === 'erased') return `${line.slice(0, -1)},"erased":true}`;
  return `${line.slice(0, -1)},"salt":"${parsed.salt}","personal":${parsed.text}}`;
}
