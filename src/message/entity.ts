import type { Canonical } from './canonical.js';
import type { HeaderField } from './field.js';
import { joined, type Octets, octetsOf } from './octets.js';
import { makeTransferSafe, type TransferSafe } from './transfer-safe.js';

/** The MIME entity to be sealed: the Content-* fields, an empty line, the body (RFC 8551 §3.1). 8-bit stays. */
export function entityOf(message: Canonical): Octets {
  return octetsOf(Buffer.concat([...message.fields.filter(isContentField).map((field) => field.raw), CRLF]), message.body);
}

/**
 * The same entity for multipart/signed, where no relay may have a reason to touch it (RFC 8551 §3.1.3): ASCII, lines of
 * at most 998 octets, no blanks at line ends, no line beginning with `From ` or a dot, CRLF at the end. Leaves that are
 * not so are re-encoded, and decode to what they were; nothing else is changed.
 * @throws SealdropError message-too-complex
 */
export function transferSafeEntityOf(message: Canonical): TransferSafe {
  return transferSafe(entityOf(message));
}

/** Any entity in that form, see `transferSafeEntityOf`. */
export function transferSafe(entity: Octets): TransferSafe {
  return makeTransferSafe(joined(entity));
}

const CRLF = Buffer.from('\r\n');

function isContentField(field: HeaderField): boolean {
  return field.name.length > 8 && field.name.slice(0, 8).toLowerCase() === 'content-';
}
