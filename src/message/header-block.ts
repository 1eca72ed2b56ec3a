import type { HeaderField } from './field.js';

/** A field and where it begins in the bytes it was read from. */
export interface PlacedField extends HeaderField {
  readonly offset: number;
}

/** A header as it stands in `bytes`, with whatever line ends it has. */
export interface HeaderBlock {
  readonly fields: readonly PlacedField[];
  /** Offsets of lines that are neither a field nor the continuation of one. */
  readonly strayLines: readonly number[];
  /** Offsets of continuation lines that hold nothing but blanks: some readers take them for the end of the header. */
  readonly blankLines: readonly number[];
  readonly start: number;
  /** Where the empty line begins, or the end when there is none. */
  readonly end: number;
  /** First octet of the body. */
  readonly bodyStart: number;
  /** There were more fields than allowed; `fields` holds only the first. */
  readonly overflowed: boolean;
}

export interface HeaderLimits {
  readonly end: number;
  readonly maxFields: number;
  /** Says that the line beginning here is a boundary delimiter, which ends a header too. */
  readonly isDelimiter?: (lineStart: number) => boolean;
}

/**
 * Splits the header that begins at `start`, up to the first empty line (LF or CRLF). Judges nothing: a blank before the
 * colon is accepted (RFC 5322 §4.5), everything that is not a field is reported by offset. Linear in the header's size.
 */
export function readHeaderBlock(bytes: Buffer, start: number, limits: HeaderLimits): HeaderBlock {
  const fields: PlacedField[] = [];
  const strayLines: number[] = [];
  const blankLines: number[] = [];
  let open: { name: string; offset: number } | undefined;
  const close = (end: number) => {
    if (open !== undefined) fields.push({ name: open.name, offset: open.offset, raw: bytes.subarray(open.offset, end) });
    open = undefined;
  };

  let at = start;
  let bodyStart = limits.end;
  let overflowed = false;
  while (at < limits.end) {
    const first = bytes[at];
    if (first === LF || (first === CR && bytes[at + 1] === LF && at + 1 < limits.end)) {
      bodyStart = first === LF ? at + 1 : at + 2;
      break;
    }
    if (first === DASH && limits.isDelimiter?.(at) === true) {
      bodyStart = at;
      break;
    }
    const lf = bytes.indexOf(LF, at);
    const next = lf === -1 || lf >= limits.end ? limits.end : lf + 1;
    if (first === SPACE || first === TAB) {
      if (isBlankLine(bytes, at, next)) blankLines.push(at);
      else if (open === undefined) strayLines.push(at);
    } else {
      close(at);
      const name = fieldName(bytes, at, next);
      if (name === undefined) strayLines.push(at);
      else if (fields.length >= limits.maxFields) overflowed = true;
      else open = { name, offset: at };
    }
    at = next;
  }
  close(at);
  return { fields, strayLines, blankLines, start, end: at, bodyStart, overflowed };
}

/** RFC 5322 §4.5 lets blanks stand before the colon; new mail must not have them. */
export function hasBlankBeforeColon(field: HeaderField): boolean {
  return field.raw[field.name.length] !== COLON;
}

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const DASH = 0x2d;
const COLON = 0x3a;

/** A name fills at most a line (RFC 5322 §2.1.1). */
const MAX_NAME_OCTETS = 998;

/** RFC 5322 §2.2: printable US-ASCII but the colon. */
const FIELD_START = /^([!-9;-~]+)[ \t]*:/;

function fieldName(bytes: Buffer, start: number, end: number): string | undefined {
  return FIELD_START.exec(bytes.toString('latin1', start, Math.min(end, start + MAX_NAME_OCTETS)))?.[1];
}

function isBlankLine(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const octet = bytes[i];
    if (octet !== SPACE && octet !== TAB && octet !== CR && octet !== LF) return false;
  }
  return true;
}
