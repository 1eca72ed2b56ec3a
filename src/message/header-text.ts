import type { Octets } from './octets.js';

const STEP_BYTES = 16 * 1024;

/** The header of a message without the blank line behind it, one character an octet. No more is asked for and read than it takes. */
export function headerText(message: Octets): string {
  let text = '';
  for (const piece of message.pieces()) {
    for (let at = 0; at < piece.length; at += STEP_BYTES) {
      const from = Math.max(0, text.length - 3);
      text += piece.toString('latin1', at, at + STEP_BYTES);
      const end = text.indexOf('\r\n\r\n', from);
      if (end !== -1) return text.slice(0, end);
    }
  }
  return text;
}
