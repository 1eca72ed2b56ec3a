import { isMessageId } from '../message-id.js';
import type { Canonical } from './canonical.js';
import { findMessageStart } from './message-start.js';

const NAME = 'x-sealdrop-restored';

/**
 * An archived original as a new message that says which one it restores: one control line before its header, with the line end that the
 * header has. No copy that leaves carries it, as no `x-sealdrop-` line ever does.
 */
export function withRestoredLine(original: Buffer, id: string): Buffer {
  const { offset } = findMessageStart(original);
  const lineFeed = original.indexOf(0x0a, offset);
  const lineEnd = lineFeed > 0 && original[lineFeed - 1] === 0x0d ? '\r\n' : '\n';
  return Buffer.concat([original.subarray(0, offset), Buffer.from(`${NAME}: ${id}${lineEnd}`), original.subarray(offset)]);
}

/** The message that this one says it restores: its topmost such line, if that holds an id. */
export function restoredBy({ control }: Pick<Canonical, 'control'>): string | undefined {
  const value = control.find(({ name }) => name === NAME)?.value;
  return value !== undefined && isMessageId(value) ? value : undefined;
}
