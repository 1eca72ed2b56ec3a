import { detailsOf } from '../../audit/details-of.js';
import { chainName } from '../../audit/files.js';
import { linesOf } from '../../audit/lines.js';
import { commitmentTo, parseChainLine } from '../../audit/record.js';
import { SealdropError } from '../../errors.js';
import type { MessageQuery } from '../../policy/retention/query.js';
import type { EventDetails } from '../events.js';
import type { Operator } from './operator.js';
import type { SegmentSummary } from './trail-summary.js';

/** A legal hold that is in force. */
export interface Hold {
  /** Short, given when it is placed. */
  readonly hold: string;
  readonly query: MessageQuery;
  readonly reason: string;
  readonly by: Operator;
  readonly placed: string;
}

/**
 * The holds in force, from the trail and from nothing else: it is the truth about them. A record of a hold that cannot be read, or does not
 * match the chain, is an error (`hold-unreadable`): what it holds is not known, so nothing may be destroyed.
 */
export function holdsIn(directory: string, trail: readonly SegmentSummary[]): Hold[] {
  const holds = new Map<string, Hold>();
  for (const { segment, holds: seqs } of trail) {
    if (seqs.length === 0) continue;
    const wanted = new Set(seqs);
    const details = detailsOf(directory, segment, wanted);
    for (const { text } of linesOf(`${directory}/${chainName(segment)}`)) {
      if (!text.includes('"event":"hold-')) continue;
      const parsed = parseChainLine(text);
      if (parsed.kind !== 'record') throw unreadable(segment, parsed.kind === 'altered' ? parsed.seq : undefined);
      const { seq, event, time, detail } = parsed.record;
      const found = details.get(seq);
      if (found === undefined || commitmentTo(found.text, found.salt) !== detail) throw unreadable(segment, seq);
      if (event === 'hold-placed') {
        const { hold, query, reason, by } = JSON.parse(found.text) as EventDetails['hold-placed'];
        holds.set(hold, { hold, query, reason, by, placed: time });
      } else if (event === 'hold-released') {
        holds.delete((JSON.parse(found.text) as EventDetails['hold-released']).hold);
      }
    }
  }
  return [...holds.values()];
}

function unreadable(segment: string, seq: number | undefined): SealdropError {
  return new SealdropError('hold-unreadable', `record ${seq ?? '?'} in ${segment} is about a legal hold and cannot be read`, {
    disposition: 'quarantine',
    cure: 'Run `sealdrop audit verify` and take the segment from the second location or from a backup. Until then nothing is destroyed.',
  });
}
