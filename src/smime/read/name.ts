import { type BerElement, childrenOf, contentOf, readBer, TAG } from '../cms/ber.js';
import { objectIdentifier, sequence } from './asn1.js';
import { ATTRIBUTE_NAMES } from './x509-oids.js';

/** One attribute of a distinguished name. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** The attributes of an encoded X.501 Name in order, multi-valued RDNs laid flat. Throws BerError. */
export function nameAttributes(name: Buffer): NameAttribute[] {
  return relativeNames(name).flat();
}

/** The RDNs of an encoded Name, each with its attributes. Throws BerError. */
export function relativeNames(name: Buffer): NameAttribute[][] {
  return childrenOf(readBer(name), 100).map((rdn) =>
    childrenOf(rdn, 100).map((attribute) => {
      const members = sequence(attribute, 'an attribute of a name');
      return { type: objectIdentifier(members.next(TAG.oid)), value: stringValue(members.next()) };
    }),
  );
}

/** For people: `CN=…, O=…`, without anything a terminal could take for a command. Never throws. */
export function nameText(name: Buffer): string {
  try {
    const text = nameAttributes(name)
      .map(({ type, value }) => `${ATTRIBUTE_NAMES.get(type) ?? type}=${value}`)
      .reverse()
      .join(', ');
    return printable(text === '' ? '(empty name)' : text);
  } catch {
    return '(unreadable name)';
  }
}

/**
 * Whether two encoded Names are the same. Names are compared byte for byte first; some programs rebuild a name from its attributes in other
 * string types or groupings, so equal attributes in equal order count as well: this finds a certificate, it trusts nothing.
 */
export function sameName(one: Buffer, other: Buffer): boolean {
  if (one.equals(other)) return true;
  if (one.length > MAX_COMPARED_BYTES || other.length > MAX_COMPARED_BYTES) return false;
  try {
    const [these, those] = [nameAttributes(one), nameAttributes(other)];
    return these.length === those.length && these.every((attribute, index) => sameAttribute(attribute, those[index]));
  } catch {
    return false;
  }
}

/** Whether two attributes are equal as RFC 5280 §7.1 compares them: letter case and runs of blanks do not count. */
export function sameAttribute(one: NameAttribute, other: NameAttribute | undefined): boolean {
  return other !== undefined && one.type === other.type && folded(one.value) === folded(other.value);
}

/** Control characters, and the marks that turn the direction of text around, become `?`. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?').slice(0, 500);
}

/** Names are compared with many others; no honest one is near this long. */
const MAX_COMPARED_BYTES = 4096;

function folded(value: string): string {
  return value.trim().replace(/\s+/g, ' ').toLowerCase();
}

const BMP_STRING = 0x1e;

function stringValue(element: BerElement): string {
  const octets = contentOf(element);
  if (element.tag === TAG.utf8String) return octets.toString('utf8');
  if (element.tag === BMP_STRING)
    return octets.length % 2 === 0 ? Buffer.from(octets).swap16().toString('utf16le') : octets.toString('hex');
  return octets.toString('latin1');
}
