/** The delimiter line that ended the last search. */
interface FoundDelimiter {
  /** Which of the open boundaries, the outermost being 0. */
  readonly level: number;
  /** `--boundary--` */
  readonly closing: boolean;
  /** First octet after the delimiter line. */
  readonly next: number;
}

/** The boundaries of the multiparts being read, and the search for the next line that is a delimiter of one of them. */
export interface Delimiters {
  /** Result of the last `seek`; undefined when it came to the end of the bytes. */
  readonly found: FoundDelimiter | undefined;
  /** Makes a boundary known; returns its level. */
  open(boundary: string): number;
  /** Forgets this boundary and those opened after it. */
  close(level: number): void;
  /** Finds the next delimiter line from `from`, which is the beginning of a line; returns where the content before it ends. */
  seek(from: number, binary: boolean): number;
  isDelimiter(lineStart: number): boolean;
}

/**
 * One forward search for all open boundaries at once, so that nesting costs nothing. A delimiter is a whole line: the
 * boundary, `--` when closing, and blanks (RFC 2046 §5.1.1); a longer boundary that begins with a shorter one is not
 * taken for it. Of two equal open boundaries the inner one is meant. A bare CR ends a line too, because it will be CRLF
 * in the canonical bytes; not so in a binary leaf.
 */
export function openDelimiters(bytes: Buffer): Delimiters {
  return new DelimiterSearch(bytes);
}

const CR = 0x0d;
const LF = 0x0a;
const DASHES = Buffer.from('--');
/** Blanks after a boundary are transport padding; more of them than this make no delimiter. */
const MAX_PADDING = 256;

class DelimiterSearch implements Delimiters {
  found: FoundDelimiter | undefined;
  readonly #bytes: Buffer;
  readonly #stack: { readonly boundary: string; readonly shadowed: number | undefined; readonly longest: number }[] = [];
  readonly #levels = new Map<string, number>();
  /** The last delimiter line ended in a bare LF: so does the one after a binary leaf, and a CR before it is content. */
  #bareLf = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  open(boundary: string): number {
    const level = this.#stack.length;
    const longest = Math.max(boundary.length, this.#stack.at(-1)?.longest ?? 0);
    this.#stack.push({ boundary, shadowed: this.#levels.get(boundary), longest });
    this.#levels.set(boundary, level);
    return level;
  }

  close(level: number): void {
    while (this.#stack.length > level) {
      const top = this.#stack.pop();
      if (top === undefined) return;
      if (top.shadowed === undefined) this.#levels.delete(top.boundary);
      else this.#levels.set(top.boundary, top.shadowed);
    }
  }

  isDelimiter(lineStart: number): boolean {
    return this.#match(lineStart, false) !== undefined;
  }

  seek(from: number, binary: boolean): number {
    this.found = undefined;
    if (this.#stack.length === 0) return this.#bytes.length;
    for (let line = this.#dashLine(from, from, binary); line !== -1; line = this.#dashLine(from, line + 1, binary)) {
      const match = this.#match(line, binary);
      if (match === undefined) continue;
      const end = this.#contentEnd(from, line, binary);
      this.#bareLf = this.#bytes[match.next - 1] === LF && this.#bytes[match.next - 2] !== CR;
      this.found = match;
      return end;
    }
    return this.#bytes.length;
  }

  /** The next line at or after `at` that begins with `--`; a line begins at `from`. */
  #dashLine(from: number, at: number, binary: boolean): number {
    for (let dashes = this.#bytes.indexOf(DASHES, at); dashes !== -1; dashes = this.#bytes.indexOf(DASHES, dashes + 1)) {
      const before = this.#bytes[dashes - 1];
      if (dashes === from || before === LF || (before === CR && !binary)) return dashes;
    }
    return -1;
  }

  #match(lineStart: number, binary: boolean): FoundDelimiter | undefined {
    const top = this.#stack.at(-1);
    if (top === undefined) return undefined;
    const textStart = lineStart + 2;
    const window = this.#bytes.toString('latin1', textStart, textStart + top.longest + 2 + MAX_PADDING + 2);
    const line = (binary ? LINE_TO_LF : LINE).exec(window);
    if (line === null) return undefined;
    const text = trimPadding(window.slice(0, line.index));
    const ending = line[0].length;
    // Without a line end the window must reach the end of the bytes, or the line goes on beyond it.
    if (ending === 0 && textStart + window.length < this.#bytes.length) return undefined;
    const next = textStart + line.index + ending;
    const level = this.#levels.get(text);
    if (level !== undefined) return { level, closing: false, next };
    const closingLevel = text.endsWith('--') ? this.#levels.get(text.slice(0, -2)) : undefined;
    return closingLevel === undefined ? undefined : { level: closingLevel, closing: true, next };
  }

  /** The line end before the delimiter belongs to it. */
  #contentEnd(from: number, line: number, binary: boolean): number {
    if (line <= from) return from;
    const lineEnd = line - 1;
    const crlf = this.#bytes[lineEnd] === LF && this.#bytes[lineEnd - 1] === CR && !(binary && this.#bareLf);
    return Math.max(from, crlf ? lineEnd - 1 : lineEnd);
  }
}

const LINE = /\r\n|\r+\n|[\r\n]|$/;
const LINE_TO_LF = /\r?\n|$/;
const PADDING = ' \t\r';

function trimPadding(text: string): string {
  let end = text.length;
  while (end > 0 && PADDING.includes(text.charAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}
