/** RFC 5322 §2.1.1, without the CRLF. */
const MAX_LINE_OCTETS = 998;

/**
 * Folds an unfolded value into lines of at most 76 characters where its blanks allow it (RFC 5322 §2.2.3). Only CRLFs are
 * put in, each before a blank that was there: unfolding gives the value back, but for a run of blanks that no line could
 * hold, which becomes one. Returns the field without its final CRLF.
 */
export function foldField(name: string, value: string): string {
  let out = `${name}:`;
  let column = out.length;
  for (const { blank, word } of blankedWords(` ${value}`)) {
    const chunk = (blank.length + word.length > MAX_LINE_OCTETS ? ' ' : blank) + word;
    // The first line keeps its first word if that is allowed: some readers expect one there.
    const keep = column === name.length + 1 && !chunk.includes('=?');
    if (column + chunk.length > (keep ? MAX_LINE_OCTETS : PREFERRED_LINE)) {
      out += '\r\n';
      column = 0;
    }
    out += chunk;
    column += chunk.length;
  }
  return out;
}

/** The words of a text, each with the blanks before it; blanks at the end belong to none. */
export function* blankedWords(text: string): Generator<{ readonly blank: string; readonly word: string }> {
  let blank = '';
  // Not one pattern for both: at each of many blanks that no word follows it would begin to look for one.
  for (const [piece] of text.matchAll(/[ \t]+|[^ \t]+/g)) {
    if (piece.startsWith(' ') || piece.startsWith('\t')) {
      blank = piece;
    } else {
      yield { blank, word: piece };
      blank = '';
    }
  }
}

/** Tells whether a line of these CRLF octets is longer than SMTP allows. */
export function hasLongLine(octets: Buffer): boolean {
  if (octets.length <= MAX_LINE_OCTETS) return false;
  let start = 0;
  for (let lf = octets.indexOf(0x0a); lf !== -1; lf = octets.indexOf(0x0a, start)) {
    if (lf - start - 1 > MAX_LINE_OCTETS) return true;
    start = lf + 1;
  }
  return octets.length - start > MAX_LINE_OCTETS;
}

/** RFC 5322 §2.1.1 recommends 78, RFC 2047 §2 demands 76 of lines with encoded words. */
const PREFERRED_LINE = 76;
