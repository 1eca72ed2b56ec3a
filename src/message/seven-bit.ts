import { isAscii } from 'node:buffer';
import { parseDomain } from './address.js';
import { isSpecial, partsOf, splitItems } from './address-items.js';
import { type Token, tokenize, unquote } from './address-lexer.js';
import { parseParameterised } from './content-type.js';
import { encodeUnstructured, encodeWords, mustEncode, type Word } from './encoded-word.js';
import { decodeOctets, type HeaderField, rawValue } from './field.js';
import { foldField, hasLongLine } from './fold.js';
import { encodeParameters } from './parameter.js';

export interface SevenBitField {
  readonly field: HeaderField;
  /** What was done, for the record; undefined when nothing had to be. */
  readonly change: string | undefined;
}

/**
 * A field fit for any transport: ASCII, lines of at most 998 octets. 8-bit text is encoded (RFC 2047, in parameters RFC
 * 2231), over-long lines are refolded; no text is lost. Addresses are never encoded: an 8-bit domain becomes A-labels, an
 * 8-bit local part stays, and the change says that the message needs SMTPUTF8 (RFC 6531).
 */
export function sevenBitField(field: HeaderField, fallbackCharset?: string): SevenBitField {
  const eightBit = !isAscii(field.raw);
  if (!eightBit && !hasLongLine(field.raw)) return { field, change: undefined };

  const name = field.name.toLowerCase();
  const text = decodeOctets(rawValue(field), fallbackCharset);
  const encoded = encodeByKind(name, text);
  const folded = build(field.name, encoded);
  const safe = hasLongLine(folded) ? build(field.name, encodeUnstructured(encoded)) : folded;
  const kept = isAscii(safe) ? '' : 'smtputf8-needed ';
  return { field: { name: field.name, raw: safe }, change: `${kept || (eightBit ? 'header-encoded ' : 'header-refolded ')}${field.name}` };
}

const ADDRESS_FIELDS = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'].flatMap((name) => [name, `resent-${name}`]),
  ...['return-receipt-to', 'disposition-notification-to', 'errors-to', 'delivered-to', 'mail-followup-to', 'mail-reply-to'],
]);
const PARAMETER_FIELDS = new Set(['content-type', 'content-disposition']);
const IDENTIFIER_FIELDS = new Set(['references', 'in-reply-to']);

function encodeByKind(name: string, text: string): string {
  if (ADDRESS_FIELDS.has(name)) return encodeAddresses(text);
  if (PARAMETER_FIELDS.has(name)) {
    const parsed = parseParameterised(text);
    if (parsed !== undefined && isAscii(Buffer.from(parsed.value))) return encodeParameters(parsed);
  }
  // Message identifiers may stand without blanks between them, and then offer no place to fold.
  return encodeUnstructured(IDENTIFIER_FIELDS.has(name) ? text.replaceAll('><', '> <') : text);
}

function build(name: string, value: string): Buffer {
  return Buffer.from(`${foldField(name, value)}\r\n`);
}

function encodeAddresses(text: string): string {
  const tokens = tokenize(text);
  if (tokens === undefined) return encodeUnstructured(text);
  const items = splitItems(tokens).map(({ tokens: item, separator }, i) => {
    // A blank after the separator is where a list without any can be folded.
    const lead = i > 0 && item.length > 0 && item[0]?.kind !== 'blank' ? ' ' : '';
    return lead + encodeItem(item) + separator;
  });
  return items.join('');
}

function encodeItem(tokens: readonly Token[]): string {
  const { phrase, address, rest } = partsOf(tokens);
  if (address === undefined) return encodePhrase(phrase);
  const bracketed = tokens.length > address.length;
  const bare = encodeAddress(address);
  if (!bracketed) return bare;
  const closed = tokens.length > phrase.length + address.length + 1;
  return `${encodePhrase(phrase)}<${bare}${closed ? `>${encodePhrase(rest)}` : ''}`;
}

function encodePhrase(tokens: readonly Token[]): string {
  const words: Word[] = [];
  let blank = '';
  for (const token of tokens) {
    if (token.kind === 'blank') {
      blank += token.source;
      continue;
    }
    if (token.kind === 'comment') words.push(asciiWord(blank, encodeComment(token.source)));
    else words.push({ blank, source: token.source, text: token.kind === 'quoted' ? unquote(token.source) : token.source });
    blank = '';
  }
  // An encoded word is parted by a blank from what follows, be it an angle bracket (RFC 2047 §5 rule 3).
  const encodedLast = words.length > 0 && mustEncode(words.at(-1)?.source ?? '');
  return encodeWords(words) + (blank || (encodedLast ? ' ' : ''));
}

/** Only comments and the domain can be brought to ASCII. */
function encodeAddress(tokens: readonly Token[]): string {
  const at = tokens.findIndex((token) => isSpecial(token, '@'));
  return tokens
    .map(({ kind, source }, i) => {
      if (kind === 'comment') return encodeComment(source);
      return kind === 'atom' && at !== -1 && i > at ? (parseAsciiDomain(source) ?? source) : source;
    })
    .join('');
}

function parseAsciiDomain(source: string): string | undefined {
  return mustEncode(source) ? parseDomain(source) : undefined;
}

function encodeComment(source: string): string {
  return mustEncode(source) ? `(${encodeUnstructured(unquote(source))})` : source;
}

function asciiWord(blank: string, source: string): Word {
  return { blank, source, text: source };
}
