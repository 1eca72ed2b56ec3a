import { ambiguousHeader, lineOf, messageTooComplex } from './faults.js';
import { fieldsNamed, type HeaderField, rawValue } from './field.js';
import type { HeaderBlock } from './header-block.js';
import { surveyLineEnds } from './line-ends.js';
import { isAttachedMboxLine } from './message-start.js';

/**
 * Refuses an outer header that two readers may read differently: NUL, CR without LF, CR CR LF, a line that is no field,
 * a line of blanks only (some readers end the header there, and what the author meant as text would leave in clear),
 * no field at all.
 */
export function checkOuterHeader(bytes: Buffer, header: HeaderBlock): void {
  if (header.overflowed) throw messageTooComplex(`the header has more than ${header.fields.length} fields`);
  checkOctets(bytes, header);
  const stray = header.strayLines[0];
  if (stray !== undefined) throw ambiguousHeader('this line stands in the header but is no header field', lineOf(bytes, stray));
  const blank = header.blankLines[0];
  if (blank !== undefined) {
    throw ambiguousHeader('this line of the header holds only blanks: it may or may not end the header', lineOf(bytes, blank));
  }
  if (header.fields.length === 0) throw ambiguousHeader('there is no header: the message begins with an empty line', 1);
}

/** Refuses a header inside the message, of a MIME part or an attached message, whose MIME labels are not certain. */
export function checkNestedHeader(bytes: Buffer, header: HeaderBlock, kind: 'part' | 'message', octetsAreSafe: boolean): void {
  if (!octetsAreSafe) checkOctets(bytes, header);
  for (const name of LABELS) {
    if (uniqueValues(header.fields, name).size > 1) {
      throw ambiguousHeader(`the ${kind} beginning here has two different ${name} fields`, lineOf(bytes, header.start));
    }
  }
  const stray = header.strayLines.find((offset) => !(kind === 'message' && offset === header.start && isAttachedMboxLine(bytes, offset)));
  if (stray !== undefined && header.fields.some(({ name, offset }) => offset > stray && /^content-/i.test(name))) {
    throw ambiguousHeader(`this line in the header of a ${kind} is no header field, yet Content- fields follow it`, lineOf(bytes, stray));
  }
}

/** The different values a field has; folding and the amount of blanks make no difference. */
export function uniqueValues(fields: readonly HeaderField[], name: string): Set<string> {
  const found = fieldsNamed(fields, name);
  return found.length < 2 ? NO_VALUES : new Set(found.map((field) => rawValue(field).replace(/[ \t]+/g, ' ')));
}

const LABELS = ['Content-Type', 'Content-Transfer-Encoding'];
const NO_VALUES: Set<string> = new Set();

function checkOctets(bytes: Buffer, header: HeaderBlock): void {
  const octets = bytes.subarray(header.start, header.bodyStart);
  const nul = octets.indexOf(0);
  if (nul !== -1) throw ambiguousHeader('a NUL stands in the header', lineOf(bytes, header.start + nul));
  if (!surveyLineEnds(octets).bareCr) return;
  const cr = octets.findIndex((octet, i) => octet === 0x0d && octets[i + 1] !== 0x0a);
  throw ambiguousHeader('a carriage return without line feed stands in the header', lineOf(bytes, header.start + cr));
}
