export interface ByteFacts {
  /** What a transport would have to alter, or undefined when the bytes can travel as they are. */
  readonly fault: string | undefined;
  /** Octets above 127 are in it: needs 8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
}

const MAXIMUM_LINE = 998;
const CR = 0x0d;
const LF = 0x0a;

/** Looks once over a message for what SMTP and pickup cannot carry unaltered: bare CR or LF, NUL, long lines, a last line without end. */
export function byteFacts(message: Buffer): ByteFacts {
  let eightBit = false;
  let lineStart = 0;
  let previous = 0;
  for (let at = 0; at < message.length; at += 1) {
    const octet = message[at] as number;
    if (octet > 0x7f) eightBit = true;
    else if (octet === 0) return { fault: 'a NUL', eightBit };
    if (previous === CR && octet !== LF) return { fault: 'a bare CR', eightBit };
    if (octet === LF) {
      if (previous !== CR) return { fault: 'a bare LF', eightBit };
      if (at - 1 - lineStart > MAXIMUM_LINE) return { fault: 'a line of more than 998 octets', eightBit };
      lineStart = at + 1;
    }
    previous = octet;
  }
  return { fault: lineStart === message.length && message.length > 0 ? undefined : 'a last line without CRLF', eightBit };
}
