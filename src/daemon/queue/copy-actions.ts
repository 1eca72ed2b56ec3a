import { type Entry, newEntry } from '../../audit/record.js';
import { SealdropError } from '../../errors.js';
import { parseCopyName, type SpoolLayout } from '../../spool/layout.js';
import { moveRefused, type RefusedCopy, readRefused, refusedIn, removeRefused } from '../../spool/refused-copy.js';
import type { EventDetails } from '../events.js';
import { copyAltered } from '../pickup/restage.js';

interface CopyWorld {
  readonly layout: SpoolLayout;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
}

/** `<id>-<n>`, as `queue list` shows a copy the MTA refused. */
export function isCopyId(text: string): boolean {
  return parseCopyName(`${text}.eml`) !== undefined;
}

/**
 * A person's decision about a copy the MTA refused. Recorded before it is carried out; killed in between, the copy stays where it is listed,
 * and the person decides again. Released, it lies in `work/again`, and `restageAll` hands it over.
 */
export async function actOnCopy(
  { layout, audit }: CopyWorld,
  action: 'retry' | 'release' | 'drop',
  copyId: string,
  by: number,
): Promise<{ readonly restage: true } | undefined> {
  const copy = refusedIn(layout.refused).includes(copyId) ? readRefused(layout.refused, copyId) : undefined;
  if (copy === undefined) throw noSuchCopy(copyId);
  if (action === 'retry') throw needsRelease(copyId);
  const { id, number } = copy;
  if (action === 'drop') {
    const dropped: EventDetails['copy-dropped'] = { number, by, copy };
    await audit.append([newEntry('copy-dropped', { id, outcome: copy.code }, dropped)]);
    removeRefused(layout.refused, copy);
    return undefined;
  }
  if (!copy.unaltered) throw altered(copy);
  const released: EventDetails['copy-released'] = { number, by };
  await audit.append([newEntry('copy-released', { id, outcome: copy.code }, released)]);
  moveRefused(layout.refused, layout.again, copy);
  return { restage: true };
}

function noSuchCopy(copyId: string): SealdropError {
  return new SealdropError('no-such-message', `there is no refused copy ${copyId}`, {
    disposition: 'quarantine',
    cure: 'List what is there with `sealdrop queue list`.',
  });
}

function needsRelease(copyId: string): SealdropError {
  return new SealdropError('needs-release', `the MTA has refused copy ${copyId}, so it is not simply tried again`, {
    disposition: 'quarantine',
    cure: 'Mend what the MTA’s log says, then `sealdrop queue release` to hand the file over again, or `sealdrop queue drop`.',
  });
}

function altered(copy: RefusedCopy): SealdropError {
  const { code, message, cure } = copyAltered(copy);
  return new SealdropError(code, message, { disposition: 'quarantine', cure });
}
