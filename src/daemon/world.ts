import type { EntryWriter } from '../archive/entry-writer.js';
import type { Config } from '../config/schema.js';
import type { SpoolLayout } from '../spool/layout.js';
import type { Ends } from './ends.js';
import type { Health } from './health.js';
import type { Log } from './log.js';

/** What the parts of the daemon share. */
export interface DaemonWorld {
  /** As it was at the start: what a reload can change concerns the workers alone. */
  readonly config: Config;
  readonly layout: SpoolLayout;
  readonly archive: EntryWriter;
  readonly log: Log;
  readonly health: Health;
  readonly ends: Ends;
  /** Runs to the end of what is there, and waits for nothing. */
  readonly once: boolean;
  readonly isStopping: () => boolean;
  /** Told of what the daemon cannot go on with. */
  readonly failed: (error: unknown) => void;
}
