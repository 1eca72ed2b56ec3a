import type { KeptCopy, StoredEntry } from '../archive/settings.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import type { MessageQuery } from '../policy/retention/query.js';
import type { Recipe } from '../smime/composition.js';
import type { CommitOutcome } from '../spool/commit.js';
import type { Door } from '../spool/layout.js';
import type { RefusedCopy } from '../spool/refused-copy.js';
import type { Intent, Ticket } from '../spool/ticket.js';
import type { Operator } from './retention/operator.js';

/**
 * The details of the audit records that tell a message's way. Recovery reads them back, so a record is always written before what it
 * decides is done: `accepted` before the submitter's file goes, `intent` before the first commit, `quarantined` before the move.
 */
export interface EventDetails {
  readonly started: {
    readonly version: string;
    readonly pid: number;
    readonly config: string;
    /** The longest time between two checkpoints that this run of the daemon allows; absent where it makes none. */
    readonly checkpointMaxAgeMs?: number;
  };
  readonly stopped: { readonly reason: string };
  /** A checkpoint is durable: its number, the SHA-256 of its file, and how many records it covers. */
  readonly checkpoint: { readonly number: number; readonly sha256: string; readonly records: number };
  readonly reloaded: { readonly config: string };
  readonly accepted: {
    readonly file: string;
    readonly door: Door | 'work';
    readonly uid: number;
    readonly sizeBytes: number;
    readonly sha256: string;
  };
  readonly intent: StoredEntry & {
    readonly intent: Intent;
    /** The sealed copies kept beside the original (`keepSealed: full`). */
    readonly kept?: readonly KeptCopy[];
    readonly messageId: string;
    readonly signer: string | undefined;
    /** With the one above, if there are more. Records of before there could be do not have it. */
    readonly signers?: readonly string[];
    readonly signerInfos: readonly string[];
    /** How what they are over comes from the original. Records of before it was said lack it. */
    readonly recipe?: Recipe;
    readonly certificates: readonly string[];
    readonly changes: readonly string[];
    /** The message this one restores, as `sealdrop archive restore` wrote into it; what a submitter says, no more. */
    readonly restored?: string;
  };
  readonly committed: { readonly copies: readonly { readonly number: number; readonly name: string; readonly outcome: CommitOutcome }[] };
  readonly sent: { readonly copies: readonly { readonly number: number; readonly recipients: readonly RecipientOutcome[] }[] };
  readonly deferred: { readonly ticket: Ticket };
  readonly quarantined: { readonly ticket: Ticket };
  /** The MTA has put a copy into its bad directory. */
  readonly rejected: { readonly number: number; readonly copy: RefusedCopy };
  /**
   * Messages whose files are in neither the pickup nor the bad directory any more; apart from the copies of them that were rejected. The one
   * record that is about many messages: it says nothing that decides, and there is one of each message already that says `committed`.
   */
  readonly 'handed-over': {
    readonly ids: readonly string[];
    readonly apartFrom: readonly { readonly id: string; readonly numbers: readonly number[] }[];
  };
  /** A person's decision about a copy the MTA has rejected; the copy staged again is recorded before it is committed, as an intent is. */
  readonly 'copy-released': { readonly number: number; readonly by: number };
  readonly 'copy-dropped': { readonly number: number; readonly by: number; readonly copy: RefusedCopy };
  readonly restaged: {
    /** The number of the rejected copy. */
    readonly from: number;
    readonly number: number;
    readonly name: string;
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly bootId: string;
    readonly marker: string;
  };
  /** A person's commands. */
  readonly requeued: { readonly from: 'retry' | 'quarantine'; readonly by: number; readonly ticket: Ticket };
  readonly released: { readonly by: number; readonly ticket: Ticket };
  readonly dropped: StoredEntry & { readonly by: number };
  /** `sealdrop archive export` handed out copies of archived messages. Recorded before the export has its name. */
  readonly exported: {
    readonly by: number;
    readonly format: string;
    /** What was asked for, in the words of the command line. */
    readonly query: string;
    readonly count: number;
    /** Entries that were asked for and could not be handed out. */
    readonly missing: number;
    readonly sizeBytes: number;
    /** SHA-256 of the export's manifest.json. */
    readonly manifest: string;
  };
  /** `sealdrop archive restore` put a copy into the outbox; recorded before. */
  readonly restored: { readonly by: number; readonly file: string };
  /** Past its retention, and to be destroyed from here on: archive entry, copies, and the details of every other record about it. */
  readonly purged: { readonly rule: string; readonly accepted: string; readonly basis: 'retention'; readonly by: Operator };
  /** To be destroyed because somebody asked for it, perhaps before its retention has ended. */
  readonly erased: {
    /** The rule of retention that keeps it longest, at the time. */
    readonly rule: string;
    readonly accepted: string;
    readonly basis: string;
    readonly despiteRetention: boolean;
    readonly by: Operator;
  };
  readonly 'hold-placed': { readonly hold: string; readonly query: MessageQuery; readonly reason: string; readonly by: Operator };
  readonly 'hold-released': { readonly hold: string; readonly reason: string; readonly by: Operator };
  /** A person says that the clock is right, although the chain shows a jump. */
  readonly 'clock-confirmed': { readonly fault: string; readonly by: Operator };
}

export type EventName = keyof EventDetails;
