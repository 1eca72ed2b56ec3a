import type { SmtpConnection } from './connection.js';

/** What the server is asked to report, and how (RFC 3461). */
export interface SmtpDsn {
  /** Empty: the server's own custom, which is failure and, at most servers, delay. `never` stands alone. */
  readonly notify: readonly ('failure' | 'delay' | 'success' | 'never')[];
  /** How much of the message a report of failure brings back. */
  readonly ret?: 'hdrs' | 'full' | undefined;
}

/** Sets what RCPT says of each recipient of the transactions to come. */
export function requestReports(connection: SmtpConnection, dsn: SmtpDsn | undefined, offered: boolean): void {
  if (!offered || dsn === undefined || dsn.notify.length === 0) return;
  const notify = ` NOTIFY=${dsn.notify.join(',').toUpperCase()}`;
  connection.rcptParameters = (recipient) => `${notify}${originalRecipient(recipient)}`;
}

/** RFC 3461 §4.2. An address that is not ASCII has no form in the type rfc822. */
function originalRecipient(recipient: string): string {
  return /^[\x21-\x7e]+$/.test(recipient) ? ` ORCPT=rfc822;${xtext(recipient)}` : '';
}

/** RFC 3461 §4: `+` and `=` are written as + and two hexadecimal digits. */
function xtext(text: string): string {
  return text.replace(/[+=]/g, (sign) => `+${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
