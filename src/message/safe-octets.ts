import { isAscii } from 'node:buffer';
import { hasLongLine } from './fold.js';

/**
 * True when relays have no reason to touch these CRLF octets (RFC 8551 §3.1.3): ASCII without NUL, no line above 998
 * octets, no blank at the end of a line, no line beginning with `From ` (mbox stores put a `>` before it) or a dot
 * (pickup directories and broken relays take one away).
 */
export function isTransferSafe(octets: Buffer): boolean {
  return !needsEncoding(octets) && !ENDINGS.some((pattern) => octets.includes(pattern)) && !startsUnsafely(octets) && !endsInBlank(octets);
}

/** True when these octets cannot be sent as 7bit at all (RFC 2045 §2.7). */
export function needsEncoding(octets: Buffer): boolean {
  return !isAscii(octets) || octets.includes(0) || hasLongLine(octets);
}

export function endsInCrlf(octets: Buffer): boolean {
  return octets.at(-1) === 0x0a && octets.at(-2) === 0x0d;
}

/** Blanks at the end cut off. */
export function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  return line.slice(0, end);
}

const ENDINGS = [' \r\n', '\t\r\n', '\n.', '\nFrom '].map((text) => Buffer.from(text));

function startsUnsafely(octets: Buffer): boolean {
  return octets[0] === 0x2e || octets.toString('latin1', 0, 5) === 'From ';
}

function endsInBlank(octets: Buffer): boolean {
  const last = octets.at(-1);
  return last === 0x20 || last === 0x09;
}
