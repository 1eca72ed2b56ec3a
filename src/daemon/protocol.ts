import type { ArchiveSettings } from '../archive/settings.js';
import type { Entry } from '../audit/record.js';
import type { Config } from '../config/schema.js';
import { type Disposition, SealdropError } from '../errors.js';
import type { Candidate, Waiting } from '../spool/claim.js';
import type { SpoolLayout } from '../spool/layout.js';
import type { Ticket } from '../spool/ticket.js';
import type { HandedOver } from './worker/context.js';

/** What is offered to a worker: a file in front of a door, or a message of our own in `work/`. */
export type Offer = Candidate | OwnOffer;

export interface OwnOffer {
  readonly door: 'own';
  readonly id: string;
  readonly file: string;
  readonly uid: number;
  readonly accepted: boolean;
  readonly ticket: Ticket | undefined;
}

/** Takes a worker has at the same time: while one waits for the disk or the audit, the other one seals. */
export const takesPerWorker = 4;

export interface WorkerData {
  readonly config: Config;
  readonly layout: SpoolLayout;
  readonly marker: string | undefined;
  readonly pickupFault: PlainFault | undefined;
  readonly bootId: string;
  readonly archive: ArchiveSettings;
  readonly budget: SharedArrayBuffer;
  readonly workers: number;
  readonly once: boolean;
}

export type ToWorker =
  | { readonly kind: 'take'; readonly offers: readonly Offer[] }
  | { readonly kind: 'durable'; readonly append: number; readonly fault?: PlainFault | undefined }
  | { readonly kind: 'config'; readonly config: Config }
  /** The staging marker, once there is one, and what is wrong with pickup now. Only where there is a fallback. */
  | { readonly kind: 'pickup'; readonly marker: string | undefined; readonly fault: PlainFault | undefined }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'append'; readonly append: number; readonly entries: readonly Entry[] }
  | { readonly kind: 'waits'; readonly fault: PlainFault | undefined }
  | { readonly kind: 'handed-over'; readonly message: HandedOver }
  /** A take's end; `offers`: how many it was of. */
  | { readonly kind: 'done'; readonly offers: number; readonly report: Report }
  | { readonly kind: 'failed'; readonly offers: number; readonly fault: PlainFault };

/** One message's end, for the log and the demo's lines. */
export interface Done {
  readonly id: string;
  readonly file: string;
  readonly outcome: 'committed' | 'handed-over' | 'quarantined' | 'deferred';
  readonly fault?: PlainFault | undefined;
  readonly copies: readonly { readonly name: string; readonly recipients: readonly string[]; readonly via: string }[];
  readonly algorithms?: string | undefined;
  readonly milliseconds: number;
}

export interface Report {
  readonly done: readonly Done[];
  readonly waiting: readonly Waiting[];
}

/** A SealdropError as it crosses threads. */
export interface PlainFault {
  readonly code: string;
  readonly message: string;
  readonly disposition: Disposition;
  readonly cure: string;
}

export function plainFault(error: unknown): PlainFault {
  if (error instanceof SealdropError) {
    const { code, message, disposition, cure } = error;
    return { code, message, disposition, cure };
  }
  const where = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'internal-error',
    message: `unexpected: ${where}`,
    disposition: 'fatal',
    cure: 'Report this as a defect of sealdrop; mail is kept and recovered at the next start.',
  };
}

export function revivedFault(fault: PlainFault): SealdropError {
  return new SealdropError(fault.code, fault.message, { disposition: fault.disposition, cure: fault.cure });
}
