import { createRequire } from 'node:module';

/**
 * mailparser and libmime take a quarter of a second to load, most of it for HTML and character tables that are not used
 * here. They are loaded when the first header needs them, so that commands which read no mail start at once.
 */
const require = createRequire(import.meta.url);
let mailparser: typeof import('mailparser') | undefined;
let libmime: typeof import('libmime').default | undefined;

/** Every address in the value of an address header, groups flattened, names decoded (RFC 2047), domains as written. */
export function parseAddressHeader(value: string): { name: string; address: string }[] {
  mailparser ??= require('mailparser') as typeof import('mailparser');
  const { value: found } = mailparser.parseAddressHeader(value, { flatten: true, decodePunycode: false });
  return found.map(({ name, address }) => ({ name, address: address ?? '' }));
}

/** Text with its RFC 2047 encoded words decoded. */
export function decodeWords(text: string): string {
  libmime ??= require('libmime') as typeof import('libmime').default;
  return libmime.decodeWords(text);
}
