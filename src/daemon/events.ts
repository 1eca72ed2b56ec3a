import type { RecipientOutcome } from '../delivery/delivery.js';
import type { CommitOutcome } from '../spool/commit.js';
import type { Door } from '../spool/layout.js';
import type { Intent, Ticket } from '../spool/ticket.js';

/**
 * The details of the audit records that tell a message's way. Recovery reads them back, so a record is always written before what it
 * decides is done: `accepted` before the submitter's file goes, `intent` before the first commit, `quarantined` before the move.
 */
export interface EventDetails {
  readonly started: { readonly version: string; readonly pid: number; readonly config: string };
  readonly stopped: { readonly reason: string };
  readonly reloaded: { readonly config: string };
  readonly accepted: {
    readonly file: string;
    readonly door: Door | 'work';
    readonly uid: number;
    readonly sizeBytes: number;
    readonly sha256: string;
  };
  readonly intent: {
    readonly intent: Intent;
    readonly archive: string;
    readonly messageId: string;
    readonly signer: string | undefined;
    /** With the one above, if there are more. Records of before there could be do not have it. */
    readonly signers?: readonly string[];
    readonly signerInfos: readonly string[];
    readonly certificates: readonly string[];
    readonly changes: readonly string[];
  };
  readonly committed: { readonly copies: readonly { readonly number: number; readonly name: string; readonly outcome: CommitOutcome }[] };
  readonly sent: { readonly copies: readonly { readonly number: number; readonly recipients: readonly RecipientOutcome[] }[] };
  readonly deferred: { readonly ticket: Ticket };
  readonly quarantined: { readonly ticket: Ticket };
  /** A person's commands. */
  readonly requeued: { readonly from: 'retry' | 'quarantine'; readonly by: number; readonly ticket: Ticket };
  readonly released: { readonly by: number; readonly ticket: Ticket };
  readonly dropped: { readonly archive: string; readonly by: number };
}

export type EventName = keyof EventDetails;
