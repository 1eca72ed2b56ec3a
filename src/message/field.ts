import { isUtf8 } from 'node:buffer';
import { decodeWindows1252 } from './windows-1252.js';

/** One header field of a message or MIME part (RFC 5322 §2.2). */
export interface HeaderField {
  /** As written, without the colon. */
  readonly name: string;
  /** The whole field, from its name to its final line end, folding kept. */
  readonly raw: Buffer;
}

/** Compares field names as RFC 5322 §1.2.2 says: without regard to case. */
export function isNamed(field: HeaderField, name: string): boolean {
  return field.name.length === name.length && field.name.toLowerCase() === name.toLowerCase();
}

export function fieldsNamed(fields: readonly HeaderField[], name: string): HeaderField[] {
  return fields.filter((field) => isNamed(field, name));
}

/**
 * What stands after the colon, unfolded (RFC 5322 §2.2.3) and trimmed. Octets above 127 come as U+0080…U+00FF one to
 * one: they are not decoded, see `decodeOctets`.
 */
export function rawValue(field: HeaderField): string {
  const text = field.raw.toString('latin1', colonOf(field) + 1);
  return trimBlanks(text.includes('\n') ? text.replaceAll('\r\n', '').replaceAll('\n', '') : text);
}

/** Raw octets (as `rawValue` gives them) read as text: UTF-8 where they validate (RFC 6532), else windows-1252. */
export function decodeOctets(raw: string, fallbackCharset = 'windows-1252'): string {
  if (!/[\x80-\xff]/.test(raw) || /[^\x00-\xff]/.test(raw)) return raw;
  const octets = Buffer.from(raw, 'latin1');
  return isUtf8(octets) ? octets.toString('utf8') : decodeCharset(octets, fallbackCharset);
}

/** A field of our own making; `value` is ASCII and at most 998 octets a line, folds (CRLF + blank) included. */
export function makeField(name: string, value: string): HeaderField {
  return { name, raw: Buffer.from(`${name}: ${value}\r\n`, 'latin1') };
}

const COLON = 0x3a;

/** It follows the name, but for obsolete blanks. */
function colonOf({ name, raw }: HeaderField): number {
  return raw[name.length] === COLON ? name.length : raw.indexOf(COLON);
}

/** `String.trim` would also take U+00A0, which here is an octet of undecoded text. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

function decodeCharset(octets: Buffer, charset: string): string {
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    return decoder.encoding === 'windows-1252' ? decodeWindows1252(octets) : decoder.decode(octets);
  } catch {
    // An unknown charset, or octets it does not have: one to one, so that nothing is lost.
    return octets.toString('latin1');
  }
}
