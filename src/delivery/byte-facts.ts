import { setImmediate } from 'node:timers/promises';
import type { Octets } from '../message/octets.js';

export interface ByteFacts {
  /** What a transport would have to alter, or undefined when the bytes can travel as they are. */
  readonly fault: string | undefined;
  /** Octets above 127 are in it: needs 8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
}

const MAXIMUM_LINE = 998;
const CR = 0x0d;
const LF = 0x0a;
/** Some milliseconds' work; then others have their turn. */
const TURN_BYTES = 1_048_576;

/**
 * Looks once over a message, piece by piece, for what SMTP and pickup cannot carry unaltered: bare CR or LF, NUL, long lines, a last line
 * without end.
 */
export async function byteFacts(message: Octets): Promise<ByteFacts> {
  const facts = new Facts();
  let turnBytes = 0;
  for (const piece of message.pieces()) {
    const fault = facts.add(piece);
    if (fault !== undefined) return { fault, eightBit: facts.eightBit };
    turnBytes += piece.length;
    if (turnBytes < TURN_BYTES) continue;
    turnBytes = 0;
    await setImmediate();
  }
  return { fault: facts.endsALine ? undefined : 'a last line without CRLF', eightBit: facts.eightBit };
}

class Facts {
  eightBit = false;
  /** Of the line that is not at its end yet, its CR included. */
  #lineBytes = 0;
  #previous = 0;

  get endsALine(): boolean {
    return this.#previous === LF;
  }

  /** The first fault in the next piece. */
  add(piece: Buffer): string | undefined {
    let previous = this.#previous;
    let lineBytes = this.#lineBytes;
    for (let at = 0; at < piece.length; at += 1) {
      const octet = piece[at] as number;
      if (octet > 0x7f) this.eightBit = true;
      if (octet === 0) return 'a NUL';
      if (previous === CR && octet !== LF) return 'a bare CR';
      if (octet === LF) {
        if (previous !== CR) return 'a bare LF';
        if (lineBytes - 1 > MAXIMUM_LINE) return 'a line of more than 998 octets';
        lineBytes = 0;
      } else {
        lineBytes += 1;
      }
      previous = octet;
    }
    this.#previous = previous;
    this.#lineBytes = lineBytes;
    return undefined;
  }
}
