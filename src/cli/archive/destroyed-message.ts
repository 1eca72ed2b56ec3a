import { trailOf } from '../../audit/trail.js';
import type { EventDetails } from '../../daemon/events.js';
import { SealdropError } from '../../errors.js';
import { timeOfMessageId } from '../../message-id.js';

/** Why the archive does not have it any more: it was purged, or erased; undefined if no record says so, or nobody may read the trail. */
export function destroyedMessage(audit: string, id: string): SealdropError | undefined {
  const record = recordsOf(audit, id).find(({ event }) => event === 'purged' || event === 'erased');
  if (record === undefined) return undefined;
  const { rule, basis, by } = record.detail as EventDetails['purged' | 'erased'];
  const why = record.event === 'purged' ? `kept ${rule}` : `on the ground "${basis}"`;
  return new SealdropError('message-destroyed', `${id} was ${record.event} on ${record.time} by ${by.name ?? by.user}: ${why}`, {
    disposition: 'fatal',
    cure: 'Nothing of it is left but the record that says so; see "sealdrop audit list --id".',
  });
}

function recordsOf(audit: string, id: string) {
  try {
    return trailOf(audit, new Set([id]), timeOfMessageId(id)).get(id) ?? [];
  } catch (error) {
    if (error instanceof SealdropError && error.code === 'no-access') return [];
    throw error;
  }
}
