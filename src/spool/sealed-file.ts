import { closeSync, constants, openSync, readSync } from 'node:fs';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import type { Octets } from '../message/octets.js';

const CHUNK_BYTES = 65_536;

/**
 * The bytes of a sealed copy, read chunk by chunk each time they are asked for: a socket takes them at its own pace, and however large the
 * copy is, one chunk of it is in memory. Reading throws SealdropError: what diskFault makes of a failure, and `sealed-copy-changed`
 * (quarantine) when the file no longer has the size that was recorded.
 */
export function sealedFile(path: string, sizeBytes: number): Octets {
  return { sizeBytes, pieces: () => chunksOf(path, sizeBytes) };
}

function* chunksOf(path: string, sizeBytes: number): Generator<Buffer> {
  const descriptor = tried(path, 'open', () => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  try {
    let readBytes = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = tried(path, 'read', () => readSync(descriptor, chunk, 0, CHUNK_BYTES, readBytes));
      readBytes += length;
      if (readBytes > sizeBytes || (length === 0 && readBytes < sizeBytes)) throw changed(path, sizeBytes);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

function tried<T>(path: string, doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw diskFault(error, doing, path);
  }
}

function changed(path: string, sizeBytes: number): SealdropError {
  return new SealdropError('sealed-copy-changed', `${path} no longer has the ${sizeBytes} octets that were sealed`, {
    disposition: 'quarantine',
    cure: 'Find out what has written there; the original is kept, and can be submitted again.',
  });
}
