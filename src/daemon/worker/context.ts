import type { EntryWriter } from '../../archive/entry-writer.js';
import type { Entry } from '../../audit/record.js';
import type { Config } from '../../config/schema.js';
import type { SealdropError } from '../../errors.js';
import type { KeyDirectory } from '../../keys/key-directory.js';
import type { SpoolLayout } from '../../spool/layout.js';
import type { Intent, RefusedRecipient } from '../../spool/ticket.js';
import type { Sealer, Submitter } from './sealer.js';

/** A message whose remaining copies somebody answers for: the main thread sends them. */
export interface HandedOver {
  readonly id: string;
  readonly file: string;
  readonly uid: number;
  readonly intent: Intent;
  /** Recipients refused so far, if the message was resumed; otherwise its ticket tells. */
  readonly refused?: readonly RefusedRecipient[] | undefined;
}

/** What the phases of a batch need of the world around them. */
export interface WorkerContext {
  readonly config: Config;
  readonly layout: SpoolLayout;
  readonly keys: KeyDirectory;
  readonly sealer: Sealer;
  readonly archive: EntryWriter;
  readonly audit: { append(entries: readonly Entry[]): Promise<void> };
  readonly bootId: string;
  /** Name of the marker in the staging directory; undefined if nothing goes by pickup, or pickup has not worked since the start. */
  readonly marker: string | undefined;
  /** What is wrong with pickup now, as far as the main thread knows; asked where there is a fallback. */
  readonly pickupFault: SealdropError | undefined;
  readonly now: () => Date;
  /** Repeats a step while it throws `wait` faults, telling health; throws them on when the daemon stops or runs `--once`. */
  readonly patiently: (step: () => void | Promise<void>) => Promise<void>;
  readonly submitterOf: (uid: number) => Submitter;
  /** Runs the step the first time a certificate is seen by this worker. */
  readonly keepOnce: (fingerprint: string, step: () => void) => void;
  readonly handOver: (message: HandedOver) => void;
}
