import { readdirSync } from 'node:fs';
import { verifyChain } from '../audit/verify.js';
import type { EventDetails } from '../daemon/events.js';
import { errnoOf } from '../disk/faults.js';
import { matchesAddress } from '../policy/address-pattern.js';
import type { Plan } from '../policy/plan.js';
import type { TrailState } from './manifest.js';

/** Which archived messages are meant; all conditions hold. Address patterns as in rules. */
export interface Selection {
  readonly after?: Date;
  readonly before?: Date;
  readonly from?: string;
  readonly to?: string;
}

export interface Survey {
  readonly trail: TrailState;
  /** Of archived messages that the selection is about, in the order of the trail. */
  readonly ids: string[];
}

/** Reads the whole trail once: verifies chain and details, and finds the messages meant. */
export function surveyTrail(audit: string, selection: Selection | undefined): Survey {
  const times = new Map<string, string>();
  const ids = new Set<string>();
  const report = verifyChain(audit, ({ record, detail }) => {
    const { id, event, time } = record;
    if (selection === undefined || id === undefined) return;
    if (event === 'accepted') times.set(id, time);
    if (event !== 'intent' && event !== 'dropped') return;
    const plan = event === 'intent' && detail !== undefined ? ((detail as EventDetails['intent']).intent.plan as Plan) : undefined;
    if (isMeant(selection, new Date(times.get(id) ?? time), plan)) ids.add(id);
    times.delete(id);
  });
  const count = report.findings.length;
  const verdict =
    count === 0
      ? 'chain and details are consistent; completeness is not proven'
      : `chain and details are inconsistent: ${count} finding${count === 1 ? '' : 's'} (sealdrop audit verify names them)`;
  return { trail: { head: report.head, records: report.records, verdict }, ids: [...ids] };
}

/** Whether who runs this may read the trail; an auditor of the archive alone may not. */
export function isTrailReadable(audit: string): boolean {
  try {
    readdirSync(audit);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    return errnoOf(error) !== 'ENOENT';
  }
}

/** A dropped message has no plan: nobody was to get it. */
function isMeant({ after, before, from, to }: Selection, time: Date, plan: Plan | undefined): boolean {
  if ((after !== undefined && time < after) || (before !== undefined && time >= before)) return false;
  if (from !== undefined && (plan === undefined || ![plan.sender, plan.from].some((address) => matchesAddress(from, address))))
    return false;
  return to === undefined || (plan?.decisions ?? []).some(({ address }) => matchesAddress(to, address));
}
