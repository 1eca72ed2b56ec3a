import { canonicalise } from '../../../src/message/canonical.js';
import { type HeaderField, rawValue } from '../../../src/message/field.js';
import { joined } from '../../../src/message/octets.js';
import { outerHeader } from '../../../src/message/outer-header.js';
import { withoutForgedProtection } from '../../../src/smime/header-protection/forged.js';
import type { CipherForm, HeaderForm } from '../../../src/smime/header-protection/form.js';
import { protectHeader } from '../../../src/smime/header-protection/protect.js';

export const BASELINE: CipherForm = { hp: 'cipher', confidentiality: 'baseline', confidential: [], legacyDisplay: false };
export const WITH_DISPLAY: CipherForm = { ...BASELINE, legacyDisplay: true };
export const SHY: CipherForm = { ...BASELINE, confidentiality: 'shy' };
export const CLEAR: HeaderForm = { hp: 'clear' };

export interface Composed {
  /** The header around the sealed part, lines with LF. */
  readonly outside: string;
  /** The payload's header section and its body, lines with LF, octets one to one. */
  readonly header: string;
  readonly body: string;
  readonly payload: Buffer;
  readonly fields: readonly HeaderField[];
  readonly hidden: readonly string[];
  readonly changes: readonly string[];
}

/** What becomes of a submitted message, written with LF; text is UTF-8. */
export function compose(message: string | Buffer, form: HeaderForm = BASELINE): Composed {
  const submitted = Buffer.isBuffer(message) ? message : Buffer.from(message.replace(/\r?\n/g, '\r\n'));
  const clean = withoutForgedProtection(canonicalise(submitted, { fallbackCharset: 'windows-1252' }));
  const header = outerHeader(clean, { date: new Date('2026-11-25T10:00:00Z'), messageId: 'made@example.com' });
  const { outside, payload: octets, hidden, changes } = protectHeader(clean, header.fields, form);
  const payload = joined(octets);
  const text = payload.toString('latin1').replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  return {
    outside: outside.map(({ raw }) => raw.toString('latin1').replaceAll('\r\n', '\n')).join(''),
    header: text.slice(0, end + 1),
    body: text.slice(end + 2),
    payload,
    fields: outside,
    hidden,
    changes: [...clean.changes, ...changes],
  };
}

export function valuesNamed(fields: readonly HeaderField[], name: string): string[] {
  return fields.filter((field) => field.name.toLowerCase() === name.toLowerCase()).map(rawValue);
}
