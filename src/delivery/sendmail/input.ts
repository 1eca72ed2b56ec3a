import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openNewFile, removeIfThere, writeAll } from '../../disk/durable.js';
import { diskFault } from '../../disk/faults.js';
import type { Octets } from '../../message/octets.js';

const CR = 0x0d;
/** Some milliseconds' work; then others have their turn. */
const TURN_BYTES = 1_048_576;

/**
 * A descriptor from which a program reads the message with local line ends. The message is whole before the program begins: at the end of
 * a pipe that broke, because we were killed or could not read on, it would take a part of a message for all of it. The file has no name
 * any more when it is written to, so that nothing of it is left behind. Throws what reading the message throws, and disk faults.
 */
export async function openInput(directory: string, message: Octets): Promise<number> {
  const path = `${directory}/.sendmail-${randomUUID()}`;
  const writing = openNewFile(path, { mode: 0o600 });
  let reading: number | undefined;
  try {
    reading = opened(path);
    removeIfThere(path);
    let turnBytes = 0;
    for (const piece of message.pieces()) {
      writeAll(writing, withLocalLineEnds(piece), path);
      turnBytes += piece.length;
      if (turnBytes < TURN_BYTES) continue;
      turnBytes = 0;
      await setImmediate();
    }
    return reading;
  } catch (error) {
    removeIfThere(path);
    if (reading !== undefined) closeSync(reading);
    throw error;
  } finally {
    closeSync(writing);
  }
}

/** Whether the program has read to the end: its place in the file is ours too. */
export function isReadToItsEnd(descriptor: number): boolean {
  return readSync(descriptor, Buffer.alloc(1), 0, 1, null) === 0;
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
}

/**
 * LF, as sendmail's interface has it: Postfix converts CRLF only where `sendmail_fix_line_endings` lets it, others keep the CR. The MTA
 * writes CRLF on the wire again (RFC 5321 §2.3.8), and as there was no bare LF before, the octets that were signed are back.
 */
function withLocalLineEnds(piece: Buffer): Buffer {
  const local = Buffer.allocUnsafe(piece.length);
  let length = 0;
  // Canonical bytes hold CR in CRLF only, so it can go wherever a piece ends.
  for (const octet of piece) if (octet !== CR) local[length++] = octet;
  return local.subarray(0, length);
}
