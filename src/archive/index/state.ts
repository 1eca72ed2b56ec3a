/** States a message can be in, as `archive find --state` takes them. */
export const states = [
  'under-way',
  'handed-to-mta',
  'possible-duplicate',
  'unknown',
  'taken-by-mta',
  'rejected-by-mta',
  'copy-dropped',
  'sent',
  'partial',
  'refused',
  'deferred',
  'quarantined',
  'dropped',
  'purged',
  'erased',
] as const;

export type State = (typeof states)[number];

/** What a message has come to by a record about it; undefined: it stays what it was. */
export function stateAfter(event: string, outcome: string | undefined, before: State): State | undefined {
  // Whatever is recorded of a message that is gone does not bring it back.
  if (isGone(before) && event !== 'purged' && event !== 'erased') return undefined;
  switch (event) {
    case 'accepted':
    case 'intent':
    case 'requeued':
    case 'released':
    case 'copy-released':
    case 'restaged':
      return 'under-way';
    case 'committed':
      return outcome === 'possible-duplicate' || outcome === 'unknown' ? outcome : 'handed-to-mta';
    case 'sent':
      return outcome === 'partial' || outcome === 'refused' || outcome === 'deferred' ? outcome : 'sent';
    case 'handed-over':
      return before === 'handed-to-mta' || before === 'possible-duplicate' ? 'taken-by-mta' : undefined;
    case 'rejected':
      return 'rejected-by-mta';
    case 'copy-dropped':
    case 'deferred':
    case 'quarantined':
    case 'dropped':
    case 'purged':
    case 'erased':
      return event;
    default:
      return undefined;
  }
}

/** Its personal data is to be forgotten. */
export function isGone(state: State): boolean {
  return state === 'purged' || state === 'erased';
}
