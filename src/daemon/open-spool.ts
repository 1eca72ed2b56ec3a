import type { Config } from '../config/schema.js';
import { requireArchiveGroup } from '../spool/group-membership.js';
import type { SpoolLayout } from '../spool/layout.js';
import { lockSpool, type SpoolLock } from '../spool/lock.js';
import { proveOneMount } from '../spool/one-mount.js';
import { checkOutbox, checkVolatile, gidOf, prepareSpool } from '../spool/prepare.js';

export interface OpenSpool {
  readonly lock: SpoolLock;
  /** Group that archived originals are given to. */
  readonly archiveGroup: number | undefined;
}

/** Makes the spool's directories, locks it, and proves that it can hold mail. Throws SealdropError as these do. */
export function openSpool(layout: SpoolLayout, config: Config): OpenSpool {
  const submitGid = config.senders === null ? undefined : gidOf(config.outbox.group);
  const archiveGroup = gidOf(config.archive.group);
  if (archiveGroup !== undefined) requireArchiveGroup(config.archive.group, archiveGroup);
  // The spool's root may have to be made before it can hold the lock.
  prepareSpool(layout, { submitGid, auditGid: archiveGroup });
  const lock = lockSpool(layout.lockFile, Date.now());
  try {
    checkVolatile(layout.root, config.allowVolatile);
    checkOutbox(layout, config.senders !== null);
    proveOneMount(layout);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { lock, archiveGroup };
}
