import { statSync } from 'node:fs';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { timeOfMessageId } from '../../message-id.js';
import { isSameFile } from '../store.js';

/** From the claim to the records it is a batch's time: seconds at the worst. */
const underWayMs = 5 * 60_000;

/**
 * True for an entry whose message has not come to its records yet: its copy in `work` is there still, and is the same file where the entry is
 * a plain one. An auditor may not look into `work`; there the message's age decides.
 */
export function isUnderWay(id: string, entry: string, workCopy: string, nowMs: number): boolean {
  try {
    return /\.(gz|p7m)$|-\d+\.eml$/.test(entry) ? isThere(workCopy) : isSameFile(entry, workCopy);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw diskFault(error, 'look at', workCopy);
    return nowMs - timeOfMessageId(id).getTime() < underWayMs;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
