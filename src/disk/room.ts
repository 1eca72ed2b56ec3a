import { stat, statfs } from 'node:fs/promises';
import { diskFault } from './faults.js';

/** What a file system has left, as an unprivileged user has it. */
export interface Room {
  /** A path on it. */
  readonly path: string;
  /** Tells one file system from another. */
  readonly device: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  /** 0: the file system does not tell. */
  readonly totalBytes: number;
  readonly usedInodes: number;
  readonly freeInodes: number;
  /** 0: it has no fixed number of them (btrfs, ZFS), or does not tell. */
  readonly totalInodes: number;
}

/** Asked in a thread of its own: a file server that does not answer holds up nobody but who waits for this. Throws as diskFault says. */
export async function roomOf(path: string): Promise<Room> {
  try {
    const [{ dev }, { bavail, bfree, blocks, bsize, ffree, files }] = await Promise.all([stat(path), statfs(path)]);
    return {
      path,
      device: dev,
      usedBytes: (blocks - bfree) * bsize,
      freeBytes: bavail * bsize,
      totalBytes: blocks * bsize,
      usedInodes: files - ffree,
      freeInodes: ffree,
      totalInodes: files,
    };
  } catch (error) {
    throw diskFault(error, 'look at', path);
  }
}
