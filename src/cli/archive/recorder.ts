import { accessSync, constants, existsSync } from 'node:fs';
import { AuditWriter } from '../../audit/writer.js';
import { askDaemon } from '../../daemon/control.js';
import { type Noted, notedEntry } from '../../daemon/noted.js';
import { SealdropError } from '../../errors.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked, lockSpool } from '../../spool/lock.js';
import { asOwnerOf } from '../service-user.js';

/**
 * Whether who runs this may write into the audit trail: the user sealdrop runs as and root, by the daemon where one runs. Auditors may read,
 * and what they do is not recorded.
 */
export function mayRecord({ root, audit, lockFile, controlSocket }: SpoolLayout): boolean {
  try {
    accessSync(existsSync(lockFile) ? lockFile : root, constants.W_OK);
    accessSync(existsSync(audit) ? audit : root, constants.W_OK);
    if (existsSync(controlSocket)) accessSync(controlSocket, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Records it, durable on return: the daemon does, or this process where none runs. */
export async function record(layout: SpoolLayout, noted: Noted): Promise<void> {
  if (isLocked(layout.lockFile)) {
    const answer = await askDaemon(layout.controlSocket, { ask: 'record', noted });
    if (answer === undefined) throw silent(layout.controlSocket);
    return;
  }
  await asOwnerOf(layout.root, async () => {
    const lock = lockSpool(layout.lockFile, Date.now());
    try {
      const writer = await AuditWriter.start({ directory: layout.audit, now: () => new Date() });
      await writer.append([notedEntry(noted)]);
      await writer.close();
    } finally {
      lock.release();
    }
  });
}

function silent(path: string): SealdropError {
  return new SealdropError('daemon-silent', `the daemon holds the spool but does not answer on ${path}`, {
    disposition: 'retry',
    cure: 'Look at its log, then try again.',
  });
}
