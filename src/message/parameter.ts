import type { ParameterisedValue } from './content-type.js';

/**
 * Writes a structured MIME value in ASCII, one parameter a line: 8-bit and over-long values in the extended and
 * continued forms of RFC 2231 §3 and §4, all others as they were. Unfolded; the blanks are where it may be folded.
 */
export function encodeParameters({ value, parameters }: ParameterisedValue): string {
  return [value, ...parameters.map(([name, text]) => encodeParameter(name, text))].join('; ');
}

const PLAIN = /^[ -~]{0,200}$/;
const TOKEN = /^[!#$%&'*+\-.\w^`{|}~]+$/;
const PIECE_LENGTH = 60;

function encodeParameter(name: string, text: string): string {
  if (PLAIN.test(text)) return `${name}=${TOKEN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`}`;
  if (name.includes('*')) return `${name}=${percentEncode(text).join('')}`;
  const pieces = joinUpTo(PIECE_LENGTH, percentEncode(text));
  if (pieces.length === 1) return `${name}*=utf-8''${pieces[0]}`;
  return pieces.map((piece, i) => `${name}*${i}*=${i === 0 ? "utf-8''" : ''}${piece}`).join('; ');
}

/** One string a character: itself if it is an attribute-char of RFC 2231 §7, else its octets. */
function percentEncode(text: string): string[] {
  return [...text].map((char) =>
    /[A-Za-z0-9!#$&+\-.^_`{|}~]/.test(char)
      ? char
      : [...Buffer.from(char)].map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function joinUpTo(length: number, parts: readonly string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && last.length + part.length <= length) joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined.length === 0 ? [''] : joined;
}
