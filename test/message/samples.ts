import { SealdropError } from '../../src/errors.js';
import { type Canonical, type CanonicalOptions, canonicalise } from '../../src/message/canonical.js';

/** Lines joined and ended by CRLF. */
export function crlf(...lines: string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Octets one to one, so that tests can write `\xff`. */
export function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function canonicalOf(text: string | Buffer, options: CanonicalOptions = { fallbackCharset: 'windows-1252' }): Canonical {
  return canonicalise(typeof text === 'string' ? octets(text) : text, options);
}

/** The header of a canonical message as it would be written. */
export function headerText(message: { readonly fields: Canonical['fields'] }): string {
  return Buffer.concat(message.fields.map((field) => field.raw)).toString('latin1');
}

/** The code and sentence of the SealdropError that `act` throws. */
export function refusal(act: () => unknown): { code: string; message: string; disposition: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof SealdropError) return { code: error.code, message: error.message, disposition: error.disposition };
    throw error;
  }
  throw new Error('nothing was refused');
}

export function elapsedMs(act: () => unknown): number {
  const start = process.cpuUsage();
  act();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
}
