import { isAscii } from 'node:buffer';
import { parseDomain } from './address.js';
import { isSpecial, partsOf, splitItems } from './address-items.js';
import { type Token, tokenize, unquote } from './address-lexer.js';
import { parseParameterised } from './content-type.js';
import { encodeUnstructured, encodeWords, type MustEncode, mustEncode, type Word } from './encoded-word.js';
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

/**
 * The field with every word that `must` be encoded encoded (RFC 2047), where its syntax has a place for encoded words: display names,
 * comments and unstructured text. Addresses, identifiers, dates and parameters stay as they are, whatever stands in them.
 */
export function encodedField(field: HeaderField, must: MustEncode): HeaderField {
  const name = field.name.toLowerCase();
  const text = rawValue(field);
  if (ADDRESS_FIELDS.has(name)) return { name: field.name, raw: build(field.name, encodeAddresses(text, must)) };
  return isUnstructured(name) ? { name: field.name, raw: build(field.name, encodeUnstructured(text, must)) } : field;
}

/** Subject, Comments and what everybody may invent (RFC 5322 §3.6.5, §3.6.8); not the fields that have a syntax of their own. */
function isUnstructured(name: string): boolean {
  return !STRUCTURED_FIELDS.has(name) && !IDENTIFIER_FIELDS.has(name) && !/^(?:content|list|arc|dkim|received)(?:-|$)/.test(name);
}

const STRUCTURED_FIELDS = new Set([
  ...['date', 'resent-date', 'message-id', 'resent-message-id', 'mime-version', 'return-path', 'authentication-results'],
  ...['auto-submitted', 'autocrypt', 'expires', 'importance', 'priority', 'hp-outer', 'original-message-id'],
]);

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

function encodeAddresses(text: string, must: MustEncode = mustEncode): string {
  const tokens = tokenize(text);
  if (tokens === undefined) return encodeUnstructured(text, must);
  const items = splitItems(tokens).map(({ tokens: item, separator }, i) => {
    // A blank after the separator is where a list without any can be folded.
    const lead = i > 0 && item.length > 0 && item[0]?.kind !== 'blank' ? ' ' : '';
    return lead + encodeItem(item, must) + separator;
  });
  return items.join('');
}

function encodeItem(tokens: readonly Token[], must: MustEncode): string {
  const { phrase, address, rest } = partsOf(tokens);
  if (address === undefined) return encodePhrase(phrase, must);
  const bracketed = tokens.length > address.length;
  const bare = encodeAddress(address, must);
  if (!bracketed) return bare;
  const closed = tokens.length > phrase.length + address.length + 1;
  return `${encodePhrase(phrase, must)}<${bare}${closed ? `>${encodePhrase(rest, must)}` : ''}`;
}

function encodePhrase(tokens: readonly Token[], must: MustEncode): string {
  const words: Word[] = [];
  let blank = '';
  for (const token of tokens) {
    if (token.kind === 'blank') {
      blank += token.source;
      continue;
    }
    if (token.kind === 'comment') words.push(asciiWord(blank, encodeComment(token.source, must)));
    else words.push({ blank, source: token.source, text: token.kind === 'quoted' ? unquote(token.source) : token.source });
    blank = '';
  }
  // An encoded word is parted by a blank from what follows, be it an angle bracket (RFC 2047 §5 rule 3).
  const encodedLast = words.length > 0 && must(words.at(-1)?.source ?? '');
  return encodeWords(words, must) + (blank || (encodedLast ? ' ' : ''));
}

/** Only comments and the domain can be brought to ASCII. */
function encodeAddress(tokens: readonly Token[], must: MustEncode): string {
  const at = tokens.findIndex((token) => isSpecial(token, '@'));
  return tokens
    .map(({ kind, source }, i) => {
      if (kind === 'comment') return encodeComment(source, must);
      return kind === 'atom' && at !== -1 && i > at ? (parseAsciiDomain(source) ?? source) : source;
    })
    .join('');
}

function parseAsciiDomain(source: string): string | undefined {
  return mustEncode(source) ? parseDomain(source) : undefined;
}

function encodeComment(source: string, must: MustEncode): string {
  return must(source) ? `(${encodeUnstructured(unquote(source), must)})` : source;
}

function asciiWord(blank: string, source: string): Word {
  return { blank, source, text: source };
}
