import chokidar from 'chokidar';
import type { SpoolLayout } from '../../spool/layout.js';
import type { Health } from '../health.js';

export interface Hint {
  /** It hears nothing, or not everything, any more: close it and open another. */
  readonly failed: boolean;
  close(): Promise<void>;
}

/**
 * Tells that something moved in a door's directory. One watch a directory: files are ignored, so that chokidar neither stats nor remembers
 * them, and the `raw` event is what tells. It may miss things (a remount, a full queue); the rescan does not.
 */
export async function openHint(layout: SpoolLayout, moved: () => void, health: Health): Promise<Hint> {
  const watcher = chokidar.watch([layout.outboxNew, layout.outbox], {
    depth: 0,
    ignoreInitial: true,
    ignored: (_path, stats) => stats?.isFile() ?? false,
  });
  let failed = false;
  watcher.on('raw', moved);
  watcher.on('error', (error) => {
    failed = true;
    health.pause('watcher', {
      code: 'watcher-failed',
      message: `the directory watcher failed (${error instanceof Error ? error.message : String(error)}); new mail is found by the rescan`,
      disposition: 'wait',
      cure: 'Raise fs.inotify.max_user_watches if it is exhausted; sealdrop tries again by itself.',
    });
  });
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()).once('error', () => resolve()));
  if (!failed) health.pause('watcher', undefined);
  return {
    get failed() {
      return failed;
    },
    close: () => watcher.close(),
  };
}
