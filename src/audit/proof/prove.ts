import { existsSync } from 'node:fs';
import { SealdropError } from '../../errors.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';
import { chainName, detailsName, segments, segmentsSince } from '../files.js';
import { seqOf } from '../line-facts.js';
import { rawLinesOf } from '../lines.js';
import type { Proof } from './format.js';
import { type ProvenLines, Prover } from './prover.js';

export interface ProveOptions {
  /** Leaves the details out: then no personal data is shown, and what the records are about is not proven. */
  readonly withoutDetails?: boolean;
}

/**
 * Proves every record of a message. Throws `no-such-record`; `not-covered-yet` (retry) where the newest of them is under no checkpoint;
 * `proof-impossible` where the chain does not fit the checkpoints. Reads the trail from the message's day on.
 */
export function proveMessage(auditDirectory: string, id: string, options: ProveOptions = {}): Proof {
  if (!isMessageId(id)) throw noSuchRecord(`${id} is no message id`);
  const since = segmentsSince(auditDirectory, timeOfMessageId(id));
  const wanted = recordsWhere(auditDirectory, since, new RegExp(`^\\{"seq":(\\d+),.*"id":"${id}"`), options);
  if (wanted.length === 0) throw noSuchRecord(`there is no record about ${id} in ${auditDirectory}`);
  return { id, ...proofOf(auditDirectory, wanted) };
}

/** Proves one record by its number. Errors as for `proveMessage`. */
export function proveRecord(auditDirectory: string, seq: number, options: ProveOptions = {}): Proof {
  const wanted = recordsWhere(auditDirectory, [segmentOf(auditDirectory, seq)], new RegExp(`^\\{"seq":(${seq}),`), options, 1);
  if (wanted.length === 0) throw noSuchRecord(`there is no record ${seq} in ${auditDirectory}`);
  return proofOf(auditDirectory, wanted);
}

function proofOf(directory: string, wanted: readonly ProvenLines[]): Omit<Proof, 'id'> {
  return new Prover(directory).prove(wanted);
}

/** Records whose line `pattern` matches (capturing the number), in these segments, with the lines of their details; at most `most`. */
function recordsWhere(
  directory: string,
  among: readonly string[],
  pattern: RegExp,
  { withoutDetails = false }: ProveOptions,
  most = Number.POSITIVE_INFINITY,
): ProvenLines[] {
  const wanted: ProvenLines[] = [];
  for (const segment of among) {
    if (wanted.length >= most) break;
    const found = new Map<number, string>();
    for (const { bytes, complete } of rawLinesOf(`${directory}/${chainName(segment)}`)) {
      const line = bytes.toString('utf8');
      const seq = complete ? pattern.exec(line)?.[1] : undefined;
      if (seq !== undefined) found.set(Number(seq), line);
      if (found.size >= most) break;
    }
    const details = withoutDetails ? new Map<number, string>() : detailsOf(directory, segment, found);
    for (const [seq, line] of found) wanted.push({ seq, line, details: details.get(seq) });
  }
  return wanted;
}

function detailsOf(directory: string, segment: string, wanted: ReadonlyMap<number, string>): Map<number, string> {
  const path = `${directory}/${detailsName(segment)}`;
  const found = new Map<number, string>();
  if (wanted.size === 0 || !existsSync(path)) return found;
  for (const { bytes } of rawLinesOf(path)) {
    const seq = seqOf(bytes.toString('latin1', 0, 40));
    if (seq !== undefined && wanted.has(seq)) {
      const line = bytes.toString('utf8');
      if (!line.endsWith(',"erased":true}')) found.set(seq, line);
    }
    if (found.size === wanted.size) break;
  }
  return found;
}

/** The segment a record is in: the last one that begins with it or with an earlier one. */
function segmentOf(directory: string, seq: number): string {
  const all = segments(directory);
  let found = all[0] ?? '';
  for (const segment of all) {
    for (const { bytes } of rawLinesOf(`${directory}/${chainName(segment)}`)) {
      if ((seqOf(bytes.toString('latin1', 0, 40)) ?? 0) > seq) return found;
      found = segment;
      break;
    }
  }
  return found;
}

function noSuchRecord(message: string): SealdropError {
  return new SealdropError('no-such-record', message, {
    disposition: 'quarantine',
    cure: 'List what there is with "sealdrop audit list".',
  });
}
