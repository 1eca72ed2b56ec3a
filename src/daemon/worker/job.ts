import type { KeptCopy, StoredEntry } from '../../archive/settings.js';
import type { SealdropError } from '../../errors.js';
import type { Plan } from '../../policy/plan.js';
import type { OwnCopy } from '../../spool/accept.js';
import type { Claim } from '../../spool/claim.js';
import type { CommitOutcome } from '../../spool/commit.js';
import type { CopyState, Intent, Ticket } from '../../spool/ticket.js';
import type { AnsweringWay } from '../../way.js';
import type { SetAside } from '../hold.js';
import type { SealedMessage } from './sealer.js';

/** One message in a batch, with how far each phase has taken it. */
export interface Job {
  readonly id: string;
  readonly submittedAs: string;
  readonly uid: number;
  /** The submitter's file, if it was claimed in this batch; undefined for a message that is ours already. */
  readonly claim: Claim | undefined;
  /** An `accepted` record exists already. */
  readonly accepted: boolean;
  /** A ticket with history, if the message had one. */
  readonly earlier: Ticket | undefined;
  /** The recorded plan and copies, of which those still pending are to be sealed again (released by a person). */
  readonly again: { readonly plan: Plan; readonly copies: readonly CopyState[] } | undefined;
  /** The number of the first copy made now: a copy sealed again never takes an earlier one's name. */
  readonly firstNumber: number;
  readonly bytes: Buffer | undefined;
  own: OwnCopy | undefined;
  fault: SealdropError | undefined;
  sealed: SealedMessage | undefined;
  readonly staged: CopyState[];
  /** Its entry in the archive, once that is durable. */
  stored: StoredEntry | undefined;
  /** The sealed copies that are kept beside it. */
  readonly kept: KeptCopy[];
  /** What was staged could not be taken back, for staging was away: it may lie there when staging is back. */
  leftInStaging: boolean;
  /** The way its copies for pickup take instead, and the code of what is wrong with pickup. */
  instead: { readonly way: AnsweringWay; readonly code: string } | undefined;
  /** Why a copy could not be written into staging at the last attempt. */
  stagingFault: SealdropError | undefined;
  /** Its intent names pickup, which does not work now: the main thread finishes the commit when it does. */
  late: boolean;
  intent: Intent | undefined;
  readonly outcomes: Map<number, CommitOutcome>;
  /** Where it goes instead, if it cannot go on. */
  aside: SetAside | undefined;
  finished: boolean;
}

export function jobFromClaim(claim: Claim): Job {
  return {
    ...blank(),
    id: claim.id,
    submittedAs: claim.submittedAs,
    uid: claim.uid,
    claim,
    accepted: false,
    bytes: claim.bytes,
    fault: claim.fault,
  };
}

export function jobFromWork(facts: {
  id: string;
  file: string;
  uid: number;
  accepted: boolean;
  bytes: Buffer | undefined;
  own: OwnCopy | undefined;
  ticket: Ticket | undefined;
}): Job {
  const { id, uid, accepted, bytes, own, ticket } = facts;
  const copies = ticket?.intent?.copies ?? [];
  const again = ticket?.intent === undefined ? undefined : { plan: ticket.intent.plan as Plan, copies };
  const firstNumber = 1 + Math.max(0, ...copies.map((copy) => copy.number));
  return { ...blank(), id, submittedAs: facts.file, uid, accepted, bytes, own, earlier: ticket, again, firstNumber };
}

function blank(): Omit<Job, 'id' | 'submittedAs' | 'uid' | 'accepted' | 'bytes'> {
  return {
    claim: undefined,
    earlier: undefined,
    again: undefined,
    firstNumber: 1,
    own: undefined,
    fault: undefined,
    sealed: undefined,
    staged: [],
    stored: undefined,
    kept: [],
    leftInStaging: false,
    instead: undefined,
    stagingFault: undefined,
    late: false,
    intent: undefined,
    outcomes: new Map(),
    aside: undefined,
    finished: false,
  };
}
