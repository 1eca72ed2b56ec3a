import { basename } from 'node:path';
import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { rename, syncDirectory, writeNewFile } from '../disk/durable.js';
import { SealdropError } from '../errors.js';
import { newMessageId } from '../message-id.js';
import { spoolLayout } from '../spool/layout.js';
import { print } from './output.js';

/** Drops a message as every application should: written beside the door, durable, then renamed into it. */
export function queueMessage(file: string, bytes: Buffer, config: Config): number {
  const layout = spoolLayout(config.spool);
  const name = `${newMessageId(Date.now())}-${file === '-' ? 'stdin' : basename(file)}`.slice(0, 200);
  // Group-readable whatever the umask: the daemon reads it through the directory's default ACL or its group.
  process.umask(0o007);
  writeNewFile(`${layout.outboxTmp}/${name}`, [bytes], { mode: 0o660 });
  rename(`${layout.outboxTmp}/${name}`, `${layout.outboxNew}/${name}`);
  syncIfReadable(layout.outboxNew);
  print(`${layout.outboxNew}/${name}`);
  return exitCodes.ok;
}

/** A submitter may write to the door and not read it; what cannot be opened cannot be synced, and the daemon accepts it in a moment. */
function syncIfReadable(directory: string): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    if (!(error instanceof SealdropError && error.code === 'no-access')) throw error;
  }
}
