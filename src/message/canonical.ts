import { canonicalBody } from './canonical-body.js';
import { suppliedContentFields } from './charset.js';
import { type ControlField, splitControl } from './control.js';
import { ambiguousHeader, emptyMessage } from './faults.js';
import { type HeaderField, isNamed } from './field.js';
import { hasBlankBeforeColon, type PlacedField, readHeaderBlock } from './header-block.js';
import { checkOuterHeader, uniqueValues } from './header-check.js';
import { toCrlf } from './line-ends.js';
import { findMessageStart, MAX_HEADER_FIELDS } from './message-start.js';

/** A message in the one form that envelope, policy and sealing read. */
export interface Canonical {
  /** x-sender and x-receiver that stood at the head of the submitted file. */
  readonly envelopeLines: readonly ControlField[];
  /** Every other submitted control header; x-sender and x-receiver among them stood too far down and do not count. */
  readonly control: readonly ControlField[];
  /** The remaining outer header in its order, CRLF, still with Content-*, MIME-Version and Bcc. */
  readonly fields: readonly HeaderField[];
  /** CRLF; a slice of the submitted bytes when nothing had to change. */
  readonly body: Buffer;
  /** What was altered, in short stable phrases; part numbers as in `MimeNode.path`. */
  readonly changes: readonly string[];
}

export interface CanonicalOptions {
  /** Charset of 8-bit text that is not UTF-8 and says nothing about itself. */
  readonly fallbackCharset: string;
}

/**
 * Makes the canonical bytes of a submitted message (RFC 8551 §3.1.1). Nothing is decoded and
 * rebuilt: only what `changes` names differs from the submitted bytes.
 * @throws SealdropError ambiguous-header, empty-message, message-too-complex (all quarantine)
 */
export function canonicalise(original: Buffer, options: CanonicalOptions): Canonical {
  const changes: string[] = [];
  const start = findMessageStart(original);
  if (start.offset >= original.length) throw emptyMessage();
  if (start.byteOrderMark) changes.push('bom-removed');
  if (start.mboxLine) changes.push('mbox-from-line-removed');

  const header = readHeaderBlock(original, start.offset, { end: original.length, maxFields: MAX_HEADER_FIELDS });
  checkOuterHeader(original, header);
  const written = header.fields.map((field) => canonicalField(field, changes));
  const { envelopeLines, control, ordinary } = splitControl(written, changes);
  const fields = withoutDuplicates(ordinary, changes).filter((field) => !isStaleLength(field, changes));

  if (!fields.some((field) => isNamed(field, 'Content-Type'))) {
    const supplied = suppliedContentFields(fields, original.subarray(header.bodyStart), options.fallbackCharset);
    changes.push(...supplied.map((field) => `${field.name.toLowerCase()}-supplied${writtenValue(field)}`));
    fields.push(...supplied.map((field) => ({ ...field, offset: header.end })));
  }

  const content = canonicalBody(original, { fields, start: header.start, headerEnd: header.end, bodyStart: header.bodyStart });
  changes.push(...content.changes);
  return { envelopeLines, control, fields: content.fields, body: content.body, changes: [...new Set(changes)] };
}

/** CRLF line ends and no blank before the colon. `raw` stays a slice of the submitted bytes when it is so already. */
function canonicalField(field: PlacedField, changes: string[]): PlacedField {
  let raw = toCrlf(field.raw);
  if (raw[raw.length - 1] !== LF) raw = Buffer.concat([raw, CRLF]);
  if (raw !== field.raw) changes.push('line-ends-to-crlf');
  const renamed = hasBlankBeforeColon(field);
  if (renamed) {
    changes.push(`blank-before-colon-removed ${field.name}`);
    raw = Buffer.concat([Buffer.from(field.name, 'latin1'), raw.subarray(raw.indexOf(':'))]);
  }
  return raw === field.raw ? field : { ...field, raw };
}

/** Two different ones mean that two readers see two senders or two contents. */
function withoutDuplicates(fields: readonly PlacedField[], changes: string[]): PlacedField[] {
  const kept = [...fields];
  for (const name of SINGLE) {
    const values = uniqueValues(fields, name);
    if (values.size > 1) throw ambiguousHeader(`the message has two different ${name} fields`);
    if (values.size === 0) continue;
    changes.push(`duplicate-${name.toLowerCase()}-removed`);
    const first = kept.findIndex((field) => isNamed(field, name));
    for (let i = kept.length - 1; i > first; i--) {
      const field = kept[i];
      if (field !== undefined && isNamed(field, name)) kept.splice(i, 1);
    }
  }
  return kept;
}

/** Content-Length is no MIME field but a mail store's note about the submitted bytes, and wrong from here on. */
function isStaleLength(field: HeaderField, changes: string[]): boolean {
  if (!isNamed(field, 'Content-Length')) return false;
  changes.push('content-length-removed');
  return true;
}

const SINGLE = ['From', 'Content-Type', 'Content-Transfer-Encoding'];
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');

/** ` text/plain; charset=utf-8`, for the record of what was supplied. */
function writtenValue(field: HeaderField): string {
  return field.raw.toString('latin1', field.name.length + 1, field.raw.length - CRLF.length);
}
