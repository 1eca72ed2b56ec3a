import { createReadStream } from 'node:fs';
import { errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { note } from './output.js';

const maximumBytes = 1 << 30;

/** How an input is named for people. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** The bytes of a file, or of standard input for `-`. Throws SealdropError: no-access, input-unreadable (fatal), too-large (quarantine). */
export async function readInput(file: string, maxBytes = maximumBytes): Promise<Buffer> {
  if (file === '-' && process.stdin.isTTY) note('Reading from the terminal; Ctrl-D ends.');
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > maxBytes) throw tooLarge(file, maxBytes);
    }
  } catch (error) {
    throw error instanceof SealdropError ? error : unreadable(file, error);
  }
  return Buffer.concat(chunks, sizeBytes);
}

function tooLarge(file: string, maxBytes: number): SealdropError {
  return new SealdropError('too-large', `${inputName(file)} has more than the ${maxBytes} bytes allowed`, {
    disposition: 'quarantine',
    cure: 'Take a smaller message, or raise outbox.maxMessageBytes in the configuration.',
  });
}

function unreadable(file: string, cause: unknown): SealdropError {
  const errno = errnoOf(cause);
  if (errno === 'EACCES') {
    const cure = 'Run the command as a user who may read it.';
    return new SealdropError('no-access', `${inputName(file)} may not be read by you`, { disposition: 'fatal', cure, cause });
  }
  const why = { ENOENT: 'is not there', EISDIR: 'is a directory' }[errno ?? ''] ?? `cannot be read: ${errno ?? String(cause)}`;
  return new SealdropError('input-unreadable', `${inputName(file)} ${why}`, {
    disposition: 'fatal',
    cure: 'Name the file of one message, or - for standard input.',
    cause,
  });
}
