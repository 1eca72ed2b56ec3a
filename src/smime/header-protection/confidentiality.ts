import { parseAddressList } from '../../message/address.js';
import { type HeaderField, makeField, rawValue } from '../../message/field.js';
import { foldField } from '../../message/fold.js';
import type { CipherForm } from './form.js';

/**
 * What stands outside an encrypted copy in place of a field: the field itself, another of the same name, or undefined
 * for nothing. The policies are RFC 9788 §3.2.1 to §3.2.3; the address in From never changes (§3.1.1), and under `shy`
 * a value that cannot be read stays as it is.
 */
export function outsideOf(field: HeaderField, { confidentiality, confidential }: CipherForm): HeaderField | undefined {
  const name = field.name.toLowerCase();
  if (confidential.some((each) => each.toLowerCase() === name)) return name === 'subject' ? obscured(field) : undefined;
  if (confidentiality === 'none') return field;
  if (name === 'subject') return obscured(field);
  if (REMOVED.has(name)) return undefined;
  return confidentiality === 'shy' ? (SHY.get(name)?.(field) ?? field) : field;
}

/**
 * Comments and Keywords by the RFC. Outlook's Thread-Topic repeats the subject, and Thread-Index may hold a hash of it.
 */
const REMOVED: ReadonlySet<string> = new Set(['comments', 'keywords', 'thread-topic', 'thread-index']);

const SHY: ReadonlyMap<string, (field: HeaderField) => HeaderField | undefined> = new Map([
  ['from', (field: HeaderField) => withoutNames(field, 1)],
  ['to', (field: HeaderField) => withoutNames(field)],
  ['cc', (field: HeaderField) => withoutNames(field)],
  ['date', inUtc],
]);

/** Some filters refuse mail that has no Subject at all, hence not removed. */
function obscured({ name }: HeaderField): HeaderField {
  return makeField(name, '[...]');
}

/** A list of mailboxes as bare addresses; groups are no mailboxes, and stay. */
function withoutNames(field: HeaderField, most = Number.POSITIVE_INFINITY): HeaderField | undefined {
  const value = rawValue(field);
  const { mailboxes, invalid } = parseAddressList([value]);
  if (invalid.length > 0 || mailboxes.length === 0 || mailboxes.length > most || hasGroup(value)) return undefined;
  const addresses = mailboxes.map(({ address }) => address).join(', ');
  return { name: field.name, raw: Buffer.from(`${foldField(field.name, addresses)}\r\n`) };
}

function hasGroup(value: string): boolean {
  return /[:;]/.test(value.replace(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]/g, ''));
}

/** RFC 5322 §3.3 without obsolete forms but for the name GMT. */
const DATE_TIME = /^(?:[A-Z][a-z]{2}, *)?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT)(?: *\([^()]*\))?$/;

function inUtc(field: HeaderField): HeaderField | undefined {
  const value = rawValue(field).replace(/[ \t]+/g, ' ');
  const time = DATE_TIME.test(value) ? new Date(value.replace(/ *\([^()]*\)$/, '')) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) return undefined;
  return makeField(field.name, time.toUTCString().replace('GMT', '+0000'));
}
