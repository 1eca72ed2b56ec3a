import { timeOfMessageId } from '../../message-id.js';

/** Numbers a millisecond has; a number stays exact in a JavaScript number until the year 2109. */
const perMs = 2048;

/** The lowest number of a message claimed at that time or later. */
export function numberAt(timeMs: number): number {
  return Math.max(0, Math.min(timeMs * perMs, Number.MAX_SAFE_INTEGER));
}

/** The number a message has if no other of the same millisecond has taken it; otherwise one of the next. */
export function firstNumberOf(id: string): number {
  // The 12 bits behind the version (RFC 9562 §5.7, rand_a), without the last.
  return numberAt(timeOfMessageId(id).getTime()) + (Number.parseInt(id.slice(15, 18), 16) >> 1);
}

export function idOctets(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export function idOf(octets: Buffer): string {
  const hex = octets.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
