import { blankedWords } from './fold.js';

/** A word of a header value on its way to ASCII. */
export interface Word {
  /** Blanks before it. */
  readonly blank: string;
  /** What stands in the field now. */
  readonly source: string;
  /** What it means: differs from `source` for a quoted string. */
  readonly text: string;
}

/**
 * Unstructured text (RFC 5322 §2.2.1) in ASCII: words with 8-bit characters, and words too long for a line, become RFC
 * 2047 encoded words; all other words and blanks stay as they are.
 */
export function encodeUnstructured(text: string, must: MustEncode = mustEncode): string {
  return encodeWords(
    [...blankedWords(text)].map(({ blank, word }) => ({ blank, source: word, text: word })),
    must,
  );
}

/** The same for words of a phrase or comment. */
export function encodeWords(words: readonly Word[], must: MustEncode = mustEncode): string {
  let out = '';
  let afterEncoded = false;
  for (let i = 0; i < words.length; ) {
    const word = words[i] as Word;
    if (!must(word.source)) {
      out += (word.blank || (afterEncoded ? ' ' : '')) + word.source;
      afterEncoded = false;
      i++;
      continue;
    }
    let end = i + 1;
    let text = word.text;
    for (; end < words.length && must((words[end] as Word).source); end++) text += (words[end] as Word).blank + (words[end] as Word).text;
    // Readers drop the blanks between two encoded words: beside one that was there already they must be inside ours.
    if (ENCODED_WORD.test(words[i - 1]?.source ?? '')) text = word.blank + text;
    if (ENCODED_WORD.test(words[end]?.source ?? '')) text += (words[end] as Word).blank;
    out += (word.blank || (i > 0 ? ' ' : '')) + encode(text);
    afterEncoded = true;
    i = end;
  }
  return out;
}

/** Whether a word as it stands may not stay. */
export type MustEncode = (source: string) => boolean;

/** 8-bit, or so long that no line could hold it beside the field's name. */
export function mustEncode(source: string): boolean {
  return /[^\x00-\x7f]/.test(source) || (source.length > LONGEST_WORD && source.split(/[ \t]/).some((word) => word.length > LONGEST_WORD));
}

const LONGEST_WORD = 900;
const ENCODED_WORD = /^=\?[^?]+\?[bq]\?[^?]*\?=$/i;

/** Characters that may stand for themselves in every place an encoded word may stand (RFC 2047 §5 rule 3). */
const SAFE = /[A-Za-z0-9!*+\-/]/;
/** RFC 2047 §2 allows 75 characters a word and 76 a line: this leaves room for `Subject: ` or `Reply-To: ` before it. */
const MAX_CONTENT = 64 - '=?utf-8?q??='.length;

/** One or more encoded words, no character split between two; `q` while it is not much longer, because people can read it. */
function encode(text: string): string {
  const quoted = splitInto(text, quote, (length) => length);
  const based = splitInto(text, identity, (length) => 4 * Math.ceil(length / 3));
  const asQuoted = quoted.map((piece) => `=?utf-8?q?${piece}?=`).join(' ');
  const asBased = based.map((piece) => `=?utf-8?b?${Buffer.from(piece).toString('base64')}?=`).join(' ');
  return asQuoted.length <= 1.5 * asBased.length ? asQuoted : asBased;
}

function splitInto(text: string, form: (char: string) => string, encodedLength: (length: number) => number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let octets = 0;
  for (const char of text) {
    const formed = form(char);
    const length = Buffer.byteLength(formed);
    if (encodedLength(octets + length) > MAX_CONTENT) {
      pieces.push(piece);
      piece = '';
      octets = 0;
    }
    piece += formed;
    octets += length;
  }
  return [...pieces, piece];
}

function quote(char: string): string {
  if (SAFE.test(char)) return char;
  if (char === ' ') return '_';
  return [...Buffer.from(char)].map((octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function identity(char: string): string {
  return char;
}
