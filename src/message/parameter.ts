import { joinParameters, type ParameterisedValue } from './content-type.js';

/**
 * Writes a structured MIME value in ASCII, one parameter a line: 8-bit and over-long values in the extended and
 * continued forms of RFC 2231 §3 and §4, all others as they were. A parameter whose name is 8-bit or longer than any there
 * is, is none (RFC 2045 §5.1) and left out: it would hide those after it. Unfolded; the blanks are where it may be folded.
 */
export function encodeParameters({ value, parameters }: ParameterisedValue): string {
  const written = parameters.filter(([name]) => NAME.test(name));
  // What is encoded already must not be so twice: where one piece cannot stay, all pieces are decoded, and encoded as one.
  const recoded = new Set(written.filter(([, text]) => !PLAIN.test(text)).map(([name]) => extendedBase(name)));
  const decoded = joinParameters(written.filter(([name]) => recoded.has(extendedBase(name)) && extendedBase(name) !== undefined));
  const pieces = written.flatMap(([name, text]) => {
    const base = extendedBase(name);
    if (base === undefined || !recoded.has(base)) return [encodeParameter(name, text)];
    const whole = decoded.get(base);
    decoded.delete(base);
    return whole === undefined ? [] : [encodeExtended(base, whole)];
  });
  return [value, ...pieces].join('; ');
}

/** `filename` of `filename*`, `filename*0` and `filename*1*` (RFC 2231 §3, §4); undefined of any other name. */
function extendedBase(name: string): string | undefined {
  return /^([^*]+)\*(?:\d{1,4}\*?)?$/.exec(name)?.[1];
}

const NAME = /^[!-~]{1,200}$/;
const PLAIN = /^[ -~]{0,200}$/;
const TOKEN = /^[!#$%&'*+\-.\w^`{|}~]+$/;
const PIECE_LENGTH = 60;

function encodeParameter(name: string, text: string): string {
  if (PLAIN.test(text)) return `${name}=${TOKEN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`}`;
  return encodeExtended(name, text);
}

function encodeExtended(name: string, text: string): string {
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
