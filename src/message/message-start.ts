import { type HeaderBlock, readHeaderBlock } from './header-block.js';

/** What stands before the header of a submitted file. */
export interface MessageStart {
  /** First octet of the header. */
  readonly offset: number;
  /** A UTF-8 byte order mark was passed over. */
  readonly byteOrderMark: boolean;
  /** A `From sender date` line, as mbox files have it, was passed over. */
  readonly mboxLine: boolean;
}

/** Finds the header: after a UTF-8 BOM and one leading mbox `From ` line. */
export function findMessageStart(bytes: Buffer): MessageStart {
  const byteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const start = byteOrderMark ? 3 : 0;
  if (!isMboxLine(bytes, start)) return { offset: start, byteOrderMark, mboxLine: false };
  const lf = bytes.indexOf(0x0a, start);
  return { offset: lf === -1 ? bytes.length : lf + 1, byteOrderMark, mboxLine: true };
}

/** Mail stores put a `From ` line, or `>From `, before the header of attached messages. */
export function isAttachedMboxLine(bytes: Buffer, start: number): boolean {
  return isMboxLine(bytes, bytes[start] === 0x3e ? start + 1 : start);
}

/** Far above what mail has (5,000 receiver lines and some hundred fields), far below what would exhaust memory. */
export const MAX_HEADER_FIELDS = 50_000;

export function findHeader(bytes: Buffer): HeaderBlock {
  return readHeaderBlock(bytes, findMessageStart(bytes).offset, { end: bytes.length, maxFields: MAX_HEADER_FIELDS });
}

/** `From : alice@example.com` is a field with an obsolete blank before its colon, not an mbox line. */
function isMboxLine(bytes: Buffer, start: number): boolean {
  if (bytes.toString('latin1', start, start + 5) !== 'From ') return false;
  let at = start + 5;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return bytes[at] !== 0x3a;
}
