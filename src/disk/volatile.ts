import { statfsSync } from 'node:fs';
import { diskFault } from './faults.js';

// statfs(2): TMPFS_MAGIC and RAMFS_MAGIC
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

/** True when the file system of `path` keeps its files in memory only (tmpfs, ramfs). */
export function isVolatile(path: string): boolean {
  try {
    return memoryFileSystems.has(statfsSync(path).type);
  } catch (error) {
    throw diskFault(error, 'look at', path);
  }
}
