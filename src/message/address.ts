import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { type AddressItem, partsOf, significant, splitItems } from './address-items.js';
import { type Token, tokenize, unquote } from './address-lexer.js';
import { decodeOctets } from './field.js';
import { parseAddressHeader } from './mail-libraries.js';

export interface Mailbox {
  /** Decoded display name, for people; may be empty. */
  readonly name: string;
  /** As `parseAddress` returns it. */
  readonly address: string;
}

export interface AddressList {
  readonly mailboxes: readonly Mailbox[];
  /** Source text of what is no valid mailbox. Whoever sends to the list must refuse when there is any. */
  readonly invalid: readonly string[];
}

/**
 * One bare addr-spec (RFC 5321 §4.1.2, RFC 6531), normalised: the domain in lower case with A-labels, the local part
 * exact but without needless quoting. Undefined when it is not one; blanks, CR, LF, NUL and other control characters are
 * refused even where a quoted string might hold them.
 */
export function parseAddress(text: string): string | undefined {
  if (text.length > MAX_ADDRESS_CHARACTERS || UNSAFE.test(text)) return undefined;
  const at = domainSeparator(text);
  if (at === -1) return undefined;
  const local = parseLocalPart(text.slice(0, at));
  const domain = parseDomain(text.slice(at + 1));
  return local === undefined || domain === undefined ? undefined : `${local}@${domain}`;
}

/** What makes two addresses the same (RFC 5321 §2.4): exact local part, domain without regard to case or to IDN form. */
export function addressKey(address: string): string {
  const parsed = parseAddress(address);
  if (parsed !== undefined) return parsed;
  const at = address.lastIndexOf('@');
  return address.slice(0, at + 1) + address.slice(at + 1).toLowerCase();
}

/** A domain in lower case with A-labels (RFC 5890), or a domain literal; undefined when it is neither. */
export function parseDomain(text: string): string | undefined {
  if (text.startsWith('[')) return parseDomainLiteral(text);
  // domainToASCII reads a URL: only what can be a host name may reach it, or it would cut at a slash.
  const ascii = /^[\w.-]*$/.test(text) ? text.toLowerCase() : /^[A-Za-z0-9.\-\x80-\u{10ffff}]+$/u.test(text) ? domainToASCII(text) : '';
  return ascii.length <= 255 && HOST_NAME.test(ascii) && !/(?:^|\.)\d+$/.test(ascii) ? ascii : undefined;
}

/**
 * The mailboxes of address headers, given as `rawValue` returns them. mailparser reads the list; a strict reading of
 * our own must account for every element and find the same addresses, or the element is invalid: mailparser alone takes
 * `<a@b.com>@c.com` for a@b.com.
 */
export function parseAddressList(rawValues: readonly string[]): AddressList {
  const mailboxes: Mailbox[] = [];
  const invalid: string[] = [];
  for (const rawValue of rawValues) {
    const text = decodeOctets(rawValue.replace(/\r?\n(?=[ \t])/g, ''));
    const tokens = CONTROL.test(text) ? undefined : tokenize(text);
    if (tokens === undefined) {
      invalid.push(text.trim());
      continue;
    }
    const own = readItems(splitItems(tokens));
    const read = parseAddressHeader(text).filter(({ address }) => address !== '');
    const agreed = read.length === own.length && own.every(({ address }, i) => isReadAs(read[i], address));
    own.forEach(({ address, source }, i) => {
      const mailbox = agreed ? read[i] : readAlone(source, address);
      if (address === undefined || mailbox === undefined) invalid.push(source);
      else mailboxes.push({ name: mailbox.name, address });
    });
  }
  return { mailboxes, invalid };
}

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
/** Blanks, control and format characters, unassigned code points and lone surrogates. */
const UNSAFE = /[\s\p{C}\p{Z}]/u;
/** Far above 64 + 1 + 255 octets, even with quoted pairs and U-labels. */
const MAX_ADDRESS_CHARACTERS = 1000;
const HOST_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** RFC 5322 §3.2.3 with the non-ASCII characters of RFC 6532. */
const DOT_ATOM = /^[\w!#$%&'*+\-/=?^`{|}~\x80-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\x80-\u{10ffff}]+)*$/u;
const QUOTED_STRING = /^"(?:[^"\\]|\\.)*"$/su;

/** Offset of the `@` after the local part; a quoted local part and a domain literal may hold others. */
function domainSeparator(text: string): number {
  if (!text.startsWith('"')) return text.indexOf('@');
  const end = /^"(?:[^"\\]|\\.)*"/s.exec(text)?.[0].length ?? -1;
  return text[end] === '@' ? end : -1;
}

function parseLocalPart(text: string): string | undefined {
  let local = text;
  if (QUOTED_STRING.test(text)) {
    const content = unquote(text);
    local = DOT_ATOM.test(content) ? content : `"${content.replace(/["\\]/g, '\\$&')}"`;
    if (content === '') return undefined;
  } else if (!DOT_ATOM.test(text)) {
    return undefined;
  }
  return Buffer.byteLength(local) <= 64 ? local : undefined;
}

/** RFC 5321 §4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
function parseDomainLiteral(text: string): string | undefined {
  const inner = /^\[([^[\]]*)\]$/.exec(text)?.[1]?.toLowerCase() ?? '';
  if (isIP(inner) === 4) return `[${inner}]`;
  const address = inner.startsWith('ipv6:') ? inner.slice('ipv6:'.length) : '';
  return isIP(address) === 6 && !address.includes('%') ? `[IPv6:${address}]` : undefined;
}

interface OwnReading {
  readonly source: string;
  /** Undefined when the element is no mailbox. */
  readonly address: string | undefined;
}

function readItems(items: readonly AddressItem[]): OwnReading[] {
  const readings: OwnReading[] = [];
  let inGroup = false;
  for (const { tokens, separator } of items) {
    const source = tokens
      .map((token) => token.source)
      .join('')
      .trim();
    if (separator === ':') {
      // A group's name; groups do not nest (RFC 5322 §3.4).
      if (inGroup || !isPhrase(tokens)) readings.push({ source: `${source}:`, address: undefined });
      inGroup = true;
      continue;
    }
    if (significant(tokens).length > 0) readings.push({ source, address: readMailbox(tokens) });
    if (separator === ';') inGroup = false;
  }
  return readings;
}

function readMailbox(tokens: readonly Token[]): string | undefined {
  const { phrase, address, rest } = partsOf(tokens);
  if (address === undefined || significant(rest).length > 0) return undefined;
  const parts = significant(address);
  // Two words side by side, as in `alice smith@example.com`, are no addr-spec.
  if (parts.some((part, i) => isWord(part) && parts[i + 1] !== undefined && isWord(parts[i + 1] as Token))) return undefined;
  const parsed = parseAddress(parts.map((part) => part.source).join(''));
  return isPhrase(phrase) || repeatsAddress(phrase, parsed) ? parsed : undefined;
}

function isWord(token: Token): boolean {
  return token.kind !== 'special';
}

/** Words only; a bracketed word as in `[Team] Alice` is tolerated. */
function isPhrase(tokens: readonly Token[]): boolean {
  return significant(tokens).every(
    ({ kind, source }) => kind === 'quoted' || kind === 'atom' || (kind === 'literal' && !source.includes('@')),
  );
}

/** Many programs write `a@example.com <a@example.com>` without the quotes; with one address there is no doubt. */
function repeatsAddress(phrase: readonly Token[], address: string | undefined): boolean {
  const written = significant(phrase)
    .map((token) => token.source)
    .join('');
  return address !== undefined && parseAddress(written.replace(/^'(.*)'$/, '$1')) === address;
}

function readAlone(source: string, address: string | undefined): { name: string } | undefined {
  if (address === undefined) return undefined;
  const [first, ...others] = parseAddressHeader(source);
  return others.length === 0 && isReadAs(first, address) ? first : undefined;
}

/** Where comments stood between blanks, mailparser leaves the blanks in the address. */
function isReadAs(read: { address: string } | undefined, address: string | undefined): boolean {
  return read !== undefined && address !== undefined && parseAddress(read.address.replaceAll(' ', '')) === address;
}
