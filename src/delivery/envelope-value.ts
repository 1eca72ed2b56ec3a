import { SealdropError } from '../errors.js';
import { printable } from './printable.js';

// RFC 5321 §4.1.2 without blanks: a dot-string or a quoted string, then a domain or an address literal. UTF-8 (RFC 6531) is allowed here.
const LOCAL_PART =
  /^(?:[^\x00-\x20\x7f"(),.:;<>@[\\\]]+(?:\.[^\x00-\x20\x7f"(),.:;<>@[\\\]]+)*|"(?:[^\x00-\x20\x7f"\\<>]|\\[!-;=?-~])*")$/u;
const LABEL = '[^\\x00-\\x2c.\\x2f\\x3a-\\x40[\\\\\\]^`{-\\x7f]+';
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Za-z:.-]+\\])$`, 'u');
const BLANK_OR_CONTROL = /[\s\p{Cc}\p{Cs}]/u;

/**
 * Refuses an envelope address that is not a bare one: display names, `<>`, comments, blanks, CR, LF and NUL. An address that passes
 * can be written into a line of a pickup file or of SMTP and stays one value there.
 * Throws SealdropError `bad-envelope-value` (quarantine).
 */
export function checkAddress(role: 'sender' | 'recipient', address: string): void {
  const at = address.lastIndexOf('@');
  if (at > 0 && !BLANK_OR_CONTROL.test(address) && LOCAL_PART.test(address.slice(0, at)) && DOMAIN.test(address.slice(at + 1))) return;
  throw badEnvelopeValue(`The envelope ${role} "${printable(address)}" is not a bare address.`);
}

/**
 * Refuses a value that is not one word of printable ASCII (`x-job`, `x-envid`, `x-virtual-mta`; also the DSN ENVID, at most 100
 * characters by RFC 3461 §4.4). Throws SealdropError `bad-envelope-value` (quarantine).
 */
export function checkWord(name: string, value: string): void {
  if (/^[!-~]{1,100}$/.test(value)) return;
  throw badEnvelopeValue(`The value "${printable(value)}" of ${name} is not one word of at most 100 printable ASCII characters.`);
}

/** True when the address needs SMTPUTF8 (RFC 6531). */
export function needsSmtpUtf8(address: string): boolean {
  return /[^\x00-\x7f]/.test(address);
}

export function badEnvelopeValue(message: string): SealdropError {
  return new SealdropError('bad-envelope-value', message, {
    disposition: 'quarantine',
    cure: 'Submit the message again with envelope values free of line breaks, blanks, names and angle brackets.',
  });
}
