import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, renameSync } from 'node:fs';
import { openNewFile, removeIfThere } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import { isWait, SealdropError } from '../errors.js';
import type { SpoolLayout } from './layout.js';

/**
 * Proves that a message can go all its ways through the spool: by rename from each door into work, retry and quarantine, by hard link into
 * the archive. Both end at a mount, even between two mounts of one file system (bind mounts, container volumes, a ReadWritePaths= entry for
 * a part of the spool), and nothing but trying tells. Killed in between: an empty dot-file is left, which nobody takes for mail.
 * Throws `rename-crosses-mounts` (fatal). A disk that is full or read-only proves nothing, and is waited for where mail needs it.
 */
export function proveOneMount({ outbox, outboxNew, claimed, work, retry, quarantine, archive }: SpoolLayout): void {
  const name = `.sealdrop-probe-${randomBytes(8).toString('hex')}`;
  for (const door of [outboxNew, outbox]) {
    try {
      closeSync(openNewFile(`${door}/${name}`, { mode: 0o600 }));
      const ways = [door, claimed, work, retry, quarantine];
      for (const [index, to] of ways.slice(1).entries()) step(renameSync, ways[index] ?? door, to, name);
      step(linkSync, quarantine, archive, name);
    } catch (error) {
      if (!isWait(error)) throw error;
    } finally {
      for (const place of [door, claimed, work, retry, quarantine, archive]) removeProbe(`${place}/${name}`);
    }
  }
}

function step(make: (from: string, to: string) => void, from: string, to: string, name: string): void {
  try {
    make(`${from}/${name}`, `${to}/${name}`);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw diskFault(error, `move a file from ${from} to`, to);
    throw new SealdropError('rename-crosses-mounts', `files cannot be moved from ${from} to ${to}: they are on different mounts`, {
      disposition: 'fatal',
      cure: 'Keep the whole spool on one mount, and mount, share or allow it once: not its outbox or its archive for themselves.',
      cause: error,
    });
  }
}

function removeProbe(path: string): void {
  try {
    removeIfThere(path);
  } catch (error) {
    if (!isWait(error)) throw error;
  }
}
