/** A lexical token of a structured header field (RFC 5322 §3.2). */
export interface Token {
  readonly kind: 'blank' | 'comment' | 'quoted' | 'literal' | 'special' | 'atom';
  /** As written, with its quotes, parentheses or brackets. */
  readonly source: string;
}

/**
 * Splits an unfolded address header into tokens; their sources joined are the text. A dot is part of an atom. An RFC
 * 2047 encoded word is one atom, even when it wrongly holds a comma. Undefined when a quoted string, comment or domain
 * literal is not closed. Linear.
 */
export function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const char = text.charAt(at);
    if (char === '"') at = quotedEnd(text, at);
    else if (char === '(') at = commentEnd(text, at);
    else if (char === '[') at = literalEnd(text, at);
    else if (BLANKS.includes(char)) at = endOf(BLANK_RUN, text, at);
    else if (SPECIALS.includes(char)) at++;
    else at = char === '=' ? wordEnd(text, at) : endOf(ATOM_RUN, text, at);
    if (at === -1) return undefined;
    tokens.push({ kind: kindOf(char), source: text.slice(start, at) });
  }
  return tokens;
}

/** The content of a quoted string: quotes off, quoted pairs resolved. */
export function unquote(source: string): string {
  return source.slice(1, -1).replace(/\\(.)/gs, '$1');
}

const BLANKS = ' \t';
const SPECIALS = '<>,;:@)]\\';
const BLANK_RUN = /[ \t]+/y;
const ATOM_RUN = /[^ \t<>,;:@()[\]\\"]+/y;
const ENCODED_WORD = /=\?[^?\s]+\?[bq]\?[^?\s]*\?=/iy;

function kindOf(char: string): Token['kind'] {
  if (char === '"') return 'quoted';
  if (char === '(') return 'comment';
  if (char === '[') return 'literal';
  if (BLANKS.includes(char)) return 'blank';
  return SPECIALS.includes(char) ? 'special' : 'atom';
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at + 1;
}

function wordEnd(text: string, at: number): number {
  ENCODED_WORD.lastIndex = at;
  return ENCODED_WORD.test(text) ? ENCODED_WORD.lastIndex : endOf(ATOM_RUN, text, at);
}

function quotedEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return -1;
}

function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return -1;
}

function literalEnd(text: string, start: number): number {
  const end = text.indexOf(']', start);
  return end === -1 ? -1 : end + 1;
}
