import { opendir } from 'node:fs/promises';
import { diskFault } from '../../disk/faults.js';
import type { Candidate } from '../../spool/claim.js';
import type { Door, SpoolLayout } from '../../spool/layout.js';

/**
 * The files in front of a door, streamed in directory order, always to the end: a million names cost no memory. Dot-files, `*.tmp` and
 * `*.part` are not offered; what is a directory is seen from its entry and costs no system call.
 */
export async function* scanDoor(layout: SpoolLayout, door: Door): AsyncGenerator<Candidate> {
  const path = door === 'new' ? layout.outboxNew : layout.outbox;
  try {
    // latin1 keeps every octet of a name: file names need not be UTF-8.
    const directory = await opendir(path, { encoding: 'latin1' as BufferEncoding, bufferSize: 512 });
    for await (const entry of directory) {
      if (entry.isDirectory() || isIgnored(entry.name)) continue;
      yield { door, name: entry.name };
    }
  } catch (error) {
    throw diskFault(error, 'list', path);
  }
}

function isIgnored(name: string): boolean {
  return name.startsWith('.') || name.endsWith('.tmp') || name.endsWith('.part');
}
