const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const EQUALS = 0x3d;
const DOT = 0x2e;
const LETTER_F = 0x46;
const FROM_ = Buffer.from('From ');
const HEX = Buffer.from('0123456789ABCDEF');

/** Longest line of both encodings, without its line end (RFC 2045 §6.7 and §6.8). */
const LINE_OCTETS = 76;

/** Base64 in lines of 76 joined by CRLF; no line end after the last (RFC 2045 §6.8). */
export function encodeBase64(octets: Buffer): Buffer {
  return wrapBase64(Buffer.from(octets.toString('base64'), 'latin1'));
}

/** Base64 text that holds octets outside its alphabet, or over-long lines, in proper lines. It decodes to the same. */
export function repairBase64(encoded: Buffer): Buffer {
  return wrapBase64(Buffer.from(encoded.toString('latin1').replace(/[^A-Za-z0-9+/=]+/g, ''), 'latin1'));
}

/**
 * Quoted-printable of CRLF text, CRLF kept as line ends (RFC 2045 §6.7). Also encodes what transport may change: blanks
 * at the end of a line, `From ` and a dot at its beginning (RFC 8551 §3.1.3).
 */
export function encodeQuotedPrintable(octets: Buffer): Buffer {
  // An octet becomes three at most, and a line of at least 73 octets may get a soft break of three.
  const out = Buffer.allocUnsafe(3 * octets.length + 3 * Math.ceil((3 * octets.length) / (LINE_OCTETS - 3)) + 3);
  let at = 0;
  let column = 0;
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i] as number;
    if (octet === CR && octets[i + 1] === LF) {
      out[at++] = CR;
      out[at++] = LF;
      column = 0;
      i++;
      continue;
    }
    let escaped = mustEscape(octets, i, octet);
    // The octet before a CRLF may stand in column 76, any other leaves room for a soft break.
    const lineEnds = octets[i + 1] === CR && octets[i + 2] === LF;
    if (column + (escaped ? 3 : 1) > (lineEnds ? LINE_OCTETS : LINE_OCTETS - 1)) {
      out[at++] = EQUALS;
      out[at++] = CR;
      out[at++] = LF;
      column = 0;
    }
    escaped ||= column === 0 && startsUnsafeLine(octets, i, octet);
    if (escaped) {
      out[at++] = EQUALS;
      out[at++] = HEX[octet >> 4] as number;
      out[at++] = HEX[octet & 15] as number;
      column += 3;
    } else {
      out[at++] = octet;
      column++;
    }
  }
  return out.subarray(0, at);
}

/** Lenient as readers are: what is no escape stays as it is, blanks at the end of a line are dropped (RFC 2045 §6.7). */
export function decodeQuotedPrintable(encoded: Buffer): Buffer {
  const out = Buffer.allocUnsafe(encoded.length);
  let at = 0;
  /** Where `out` ends without the blanks written last. */
  let solid = 0;
  for (let i = 0; i < encoded.length; i++) {
    const octet = encoded[i] as number;
    if (octet === EQUALS) {
      const value = hexPair(encoded, i + 1);
      const lineEnd = value === undefined ? softBreakEnd(encoded, i + 1) : -1;
      if (value !== undefined) i += 2;
      else if (lineEnd !== -1) i = lineEnd - 1;
      if (lineEnd === -1) out[at++] = value ?? octet;
      solid = at;
    } else if (octet === SPACE || octet === TAB) {
      out[at++] = octet;
    } else {
      if (octet === LF || (octet === CR && encoded[i + 1] === LF)) at = solid;
      out[at++] = octet;
      solid = at;
    }
  }
  return out.subarray(0, solid);
}

function wrapBase64(flat: Buffer): Buffer {
  const breaks = Math.max(0, Math.ceil(flat.length / LINE_OCTETS) - 1);
  const out = Buffer.allocUnsafe(flat.length + 2 * breaks);
  let at = 0;
  for (let i = 0; i < flat.length; i += LINE_OCTETS) {
    if (i > 0) {
      out[at++] = CR;
      out[at++] = LF;
    }
    at += flat.copy(out, at, i, i + LINE_OCTETS);
  }
  return out;
}

function mustEscape(octets: Buffer, i: number, octet: number): boolean {
  if (octet === SPACE || octet === TAB) {
    const next = octets[i + 1];
    return next === undefined || (next === CR && octets[i + 2] === LF);
  }
  return octet < 0x21 || octet > 0x7e || octet === EQUALS;
}

function startsUnsafeLine(octets: Buffer, i: number, octet: number): boolean {
  return octet === DOT || (octet === LETTER_F && octets.subarray(i, i + FROM_.length).equals(FROM_));
}

function hexPair(bytes: Buffer, at: number): number | undefined {
  const pair = bytes.toString('latin1', at, at + 2);
  return /^[0-9A-Fa-f]{2}$/.test(pair) ? Number.parseInt(pair, 16) : undefined;
}

/** End of a soft line break whose `=` stands before `at`, or -1; blanks may stand between. */
function softBreakEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (bytes[end] === SPACE || bytes[end] === TAB) end++;
  if (end === bytes.length) return end;
  if (bytes[end] === LF) return end + 1;
  return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : -1;
}
