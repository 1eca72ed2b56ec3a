const MAXIMUM_LENGTH = 1000;

/**
 * Text from outside (a server's reply, a header) made fit for a terminal, a log line and a record: control characters and
 * the Unicode marks that reorder or break lines become `?`, tabs become blanks, and it ends after 1,000 characters.
 */
export function printable(text: string): string {
  const visible = text.replace(/\t/g, ' ').replace(/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
  return visible.length <= MAXIMUM_LENGTH ? visible : `${visible.slice(0, MAXIMUM_LENGTH)}…`;
}
