import type { HeaderField } from '../../message/field.js';

/** Describes the MIME entity it stands on, and is never copied (RFC 9787 §1.1.1). */
export function isStructural({ name }: Pick<HeaderField, 'name'>): boolean {
  const lower = name.toLowerCase();
  return lower === 'mime-version' || lower.startsWith('content-');
}

/** Written by whoever transports the mail, not by its author: neither protected nor hidden, and kept as it is. */
export function isTrace({ name }: HeaderField): boolean {
  const lower = name.toLowerCase();
  return TRACE.has(lower) || lower.startsWith('dkim-') || lower.startsWith('arc-');
}

/** To be copied into the protected part. Bcc is not: everybody who gets the copy would read it (RFC 9788 §11.4). */
export function isToProtect(field: HeaderField): boolean {
  return !isStructural(field) && !isTrace(field) && !UNPROTECTED.has(field.name.toLowerCase());
}

/** What programs show to people (RFC 9787 §1.1.2). */
export function isUserFacing({ name }: HeaderField): boolean {
  return USER_FACING.has(name.toLowerCase());
}

/** A field that cannot be taken from the outside: mail without it could not be sent, told apart or answered. */
export function isNeededOutside(name: string): boolean {
  return NEEDED_OUTSIDE.has(name.toLowerCase()) || isStructural({ name });
}

/** Fields of which a message has at most one (RFC 5322 §3.6): with two, programs differ on which counts. */
export function isSingular({ name }: HeaderField): boolean {
  return SINGULAR.has(name.toLowerCase());
}

const TRACE: ReadonlySet<string> = new Set(['received', 'return-path', 'received-spf', 'authentication-results', 'domainkey-signature']);
const UNPROTECTED: ReadonlySet<string> = new Set(['bcc', 'resent-bcc', 'hp-outer']);
const NEEDED_OUTSIDE: ReadonlySet<string> = new Set(['from', 'to', 'date', 'message-id']);
const USER_FACING: ReadonlySet<string> = new Set([
  ...['subject', 'from', 'to', 'cc', 'date', 'reply-to', 'followup-to', 'sender'],
  ...['resent-from', 'resent-to', 'resent-cc', 'resent-date', 'resent-sender'],
]);
const SINGULAR: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'date', 'subject', 'message-id', 'in-reply-to', 'references'],
]);
