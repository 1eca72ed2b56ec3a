import type * as fs from 'node:fs';

/** No disk fails on demand: the real calls, noted by path, and refused where a test says so. */
export const disk: { synced: string[]; refused: string | undefined } = { synced: [], refused: undefined };

/** For `vi.mock('node:fs', …)`. */
export function withNotedFsync(real: typeof fs): typeof fs {
  const note = (descriptor: number) => {
    const path = real.readlinkSync(`/proc/self/fd/${descriptor}`);
    disk.synced.push(path);
    if (path !== disk.refused) return;
    // As the kernel does: it says so once.
    disk.refused = undefined;
    throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
  };
  const fsyncSync = (descriptor: number) => {
    note(descriptor);
    real.fsyncSync(descriptor);
  };
  const fdatasync = (descriptor: number, done: (error: Error | null) => void) => {
    try {
      note(descriptor);
    } catch (error) {
      done(error as Error);
      return;
    }
    real.fdatasync(descriptor, done);
  };
  return { ...real, fsyncSync, fdatasync: fdatasync as typeof real.fdatasync };
}
