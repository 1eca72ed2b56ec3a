import type { HeaderField } from './field.js';
import { encodedField } from './seven-bit.js';

/**
 * Doubled braces, which mail services take for the marks of a template: SparkPost replaces what stands between them in the header of every
 * message, also of one that is handed in whole.
 */
const BRACES = /\{\{|\}\}/;
const Q_ENCODED_WORD = /=\?[^?\s]+\?q\?[^?\s]*\?=/gi;

export function hasBraces(text: string): boolean {
  return BRACES.test(text);
}

/** The field with doubled braces encoded (RFC 2047) wherever its syntax allows; readers show the same. The field itself if there are none. */
export function withoutBraces(field: HeaderField): HeaderField {
  const text = field.raw.toString('latin1');
  if (!hasBraces(text)) return field;
  // Within an encoded word they have a form of their own.
  const requoted = text.replace(Q_ENCODED_WORD, (word) => word.replaceAll('{', '=7B').replaceAll('}', '=7D'));
  return encodedField({ name: field.name, raw: Buffer.from(requoted, 'latin1') }, hasBraces);
}
