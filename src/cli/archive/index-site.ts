import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { IndexPlace } from '../../archive/index/place.js';
import { type UpdateOptions, type UpdateResult, updateIndex } from '../../archive/index/update.js';
import { loadConfig } from '../../config/load.js';
import { spoolLayout } from '../../spool/layout.js';
import { note } from '../output.js';
import { becomeOwnerOf } from '../service-user.js';
import { showProgress } from './index-progress.js';

/** Where the index of a configuration is. Root goes on as the user whose spool it is, lest files be made that sealdrop cannot write. */
export function indexPlaceOf(configPath: string): IndexPlace {
  const layout = spoolLayout(loadConfig(configPath).spool);
  if (existsSync(layout.index)) becomeOwnerOf(layout.index);
  else if (existsSync(layout.root)) becomeOwnerOf(layout.root);
  return layout;
}

/** Whether we are who keeps the index: the archive's group may only read it, and does not see the audit trail. */
export function mayUpdate({ index, audit }: IndexPlace): boolean {
  try {
    accessSync(audit, constants.R_OK | constants.X_OK);
    accessSync(existsSync(index) ? index : dirname(index), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Told to stop, it ends with the batch it is at, and the next run goes on from there. */
export async function updateWithProgress(place: IndexPlace, options: UpdateOptions): Promise<UpdateResult> {
  let stopping = false;
  const stop = () => {
    stopping = true;
  };
  for (const signal of stopSignals) process.once(signal, stop);
  const progress = showProgress(process.stderr, () => performance.now());
  try {
    return await updateIndex(place, {
      ...options,
      isStopping: () => stopping,
      onProgress: progress.tell,
      onNote: (text) => {
        progress.end();
        note(text);
      },
    });
  } finally {
    progress.end();
    for (const signal of stopSignals) process.off(signal, stop);
  }
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const;
