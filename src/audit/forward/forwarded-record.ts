import { type ChainRecord, parseChainLine, parseDetailsLine } from '../record.js';

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
  readonly details: Buffer | undefined;
}

const usual =
  /^\{"seq":(\d{1,15}),"time":"([^"\\]+)","event":"([^"\\]+)"(?:,"id":"([^"\\]+)")?(?:,"outcome":"([^"\\]+)")?(?:,"algorithms":"([^"\\]+)")?,"detail":"[0-9a-f]{64}","prev":"[0-9a-f]{64}","hash":"([0-9a-f]{64})"\}$/;

/** Undefined if it is no record. Its hash is not computed: that is for `audit verify`, here and wherever the record goes. */
export function forwardedRecord(line: string, details: Buffer | undefined): ForwardedRecord | undefined {
  const [, number, time, event, id, outcome, algorithms, hash] = usual.exec(line) ?? [];
  if (time !== undefined && event !== undefined && hash !== undefined)
    return { line, seq: Number(number), time, event, id, outcome, algorithms, hash, details };
  const parsed = parseChainLine(line);
  return parsed.kind === 'record' ? { ...parsed.record, ...noneOf(parsed.record), line, details } : undefined;
}

function noneOf({ id, outcome, algorithms }: ChainRecord): Pick<ForwardedRecord, 'id' | 'outcome' | 'algorithms'> {
  return { id, outcome, algorithms };
}

/**
 * One line of JSON about a record, as it stands in the forwarded file and in the text of a syslog message: the line of the chain, octet for
 * octet. With its details (personal data), `salt` and `personal` are added behind the hash, or `erased` where they have been erased.
 */
export function forwardedLine({ line, details }: ForwardedRecord): string {
  const parsed = details === undefined ? undefined : parseDetailsLine(details.toString('utf8'));
  if (parsed === undefined || parsed.kind === 'torn') return line;
  if (parsed.kind === 'erased') return `${line.slice(0, -1)},"erased":true}`;
  return `${line.slice(0, -1)},"salt":"${parsed.salt}","personal":${parsed.text}}`;
}
