import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import type { Config } from '../config/schema.js';
import { openNewFile, removeIfThere, rename, syncDescriptor, syncDirectory, writeAll } from '../disk/durable.js';
import { SealdropError } from '../errors.js';
import { spoolLayout } from '../spool/layout.js';

/**
 * Puts a message, its bytes untouched, through the sure door: written to outbox/tmp, made durable, renamed into outbox/new. Killed in
 * between: a file in outbox/tmp that nobody takes. Returns the path in outbox/new. Throws no-access, directory-missing, disk-full, …
 */
export function queueMessage(original: Buffer, file: string, config: Config, name = queueName(file)): string {
  const { outboxTmp, outboxNew } = spoolLayout(config.spool);
  const draft = `${outboxTmp}/${name}`;
  const path = `${outboxNew}/${name}`;
  let renamed = false;
  // The daemon must be able to read it whatever our umask. Nobody else comes near: the outbox cannot be listed and the name cannot be guessed.
  const umask = process.umask(0o022);
  try {
    const descriptor = openNewFile(draft, { mode: 0o644 });
    try {
      writeAll(descriptor, original, draft);
      syncDescriptor(descriptor, draft);
      rename(draft, path);
      renamed = true;
      syncName(outboxNew, descriptor, path);
    } finally {
      closeSync(descriptor);
      if (!renamed) removeIfThere(draft);
    }
  } catch (error) {
    throw hasCode(error, 'no-access') ? notInGroup(config, error) : error;
  } finally {
    process.umask(umask);
  }
  return path;
}

/** Who may only write into a directory cannot open it for fsync; then the file's own fsync carries its new name along (ext4, xfs, btrfs). */
function syncName(directory: string, descriptor: number, path: string): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    if (!hasCode(error, 'no-access')) throw error;
    syncDescriptor(descriptor, path);
  }
}

/** New for every message; begins with the submitted name, which people know it by. No ending that the doors ignore. */
export function queueName(file: string): string {
  const stem = file === '-' ? 'stdin' : basename(file).replace(/\.eml$/i, '');
  const safe = stem
    .replace(/[^\w@+.-]/g, '_')
    .replace(/^\.+/, '')
    .slice(0, 100);
  return `${safe === '' ? 'message' : safe}-${randomUUID()}.eml`;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof SealdropError && error.code === code;
}

function notInGroup({ spool, outbox }: Config, cause: unknown): SealdropError {
  return new SealdropError('no-access', `you may not drop mail in ${spool}/outbox`, {
    disposition: 'fatal',
    cure: `Ask the administrator to add your user to the group ${outbox.group} and log in again, or run this as the user sealdrop runs as.`,
    cause,
  });
}
