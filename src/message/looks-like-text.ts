import { isUtf8 } from 'node:buffer';

/**
 * True for octets that are text and so cannot be the output of a cipher, of which every second octet has its high bit set. Judged by the
 * first 256; fewer than 48 can be either. An honest ciphertext is taken for text less than once in 10^12 times.
 */
export function looksLikeText(octets: Buffer): boolean {
  const head = octets.subarray(0, WINDOW);
  if (head.length < LEAST) return false;
  // The window may end within a character.
  if ([0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut)))) return true;
  const high = head.reduce((count, octet) => count + (octet >> 7), 0);
  return head.length === WINDOW && high < WINDOW / 4;
}

const WINDOW = 256;
const LEAST = 48;
